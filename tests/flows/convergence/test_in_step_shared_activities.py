"""The main property with activities in an org that shares them: each task or event is also about the
counterparts of all contacts of its activity.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref, Side
from tests.flows.convergence.test_in_step import PEOPLE
from tests.flows.convergence.test_in_step_activities import EXAMPLES, InStepWithActivities


class InStepWithSharedActivities(InStepWithActivities):
    """In Salesforce people choose one or two contacts."""

    def __init__(self) -> None:
        super().__init__()
        self.world.activities = replace(self.world.activities, several_contacts=True)

    @initialize()
    def some_are_linked(self) -> None:
        """The leads of the two contacts were converted, and two more people are contacts, so that
        most activities can have several.
        """
        super().some_are_linked()
        leads = self.world.salesforce.refs("Lead")
        made = [self.world.salesforce.convert(one) for one in leads]
        made += [self.world.new_salesforce_contact(None, email) for email in PEOPLE[2:]]
        self._deliver([(ref, Cause.EDITED) for ref in made])

    def _draw_about(self, data: st.DataObject) -> dict[str, str]:
        """As Salesforce shows it: the list has the person, and a lead is alone."""
        about = super()._draw_about(data)
        people = [about["WhoId"]] if "WhoId" in about else []
        if people and people[0].startswith("003"):
            others = [ref.id for ref in self.world.salesforce.refs("Contact")]
            people = sorted({*people, data.draw(st.sampled_from(others))})
        return about | dict.fromkeys(CONTACT_LISTS.values(), ";".join(people))

    def _agree(self, link: Link) -> None:
        super()._agree(link)
        assert isinstance(link.hubspot, Ref)
        assert isinstance(link.salesforce, Ref)
        if link.state is LinkState.TOMBSTONE:
            return
        task = self.world.salesforce.fields(link.salesforce)
        field = CONTACT_LISTS[link.salesforce.object]
        who = str(task.get("WhoId") or "")
        if not who.startswith("003"):
            return
        assert who in str(task.get(field)), "the list lacks the task's own person"
        named = [Ref(Side.SALESFORCE, "Contact", one) for one in str(task.get(field)).split(";")]
        shown = {one for one in named if self._counterpart(one)}
        across = (self._counterpart(one) for one in self._about(link.hubspot))
        assert shown == {one for one in across if one and one.object == "Contact"}


InStepWithSharedActivities.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestInStepWithSharedActivities = pytest.mark.long(InStepWithSharedActivities.TestCase)

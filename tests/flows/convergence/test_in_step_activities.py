"""The main property with activities: people log them on both sides, edit them, move them to others
and delete them.

In step also means that each activity has one task or event, with the same title, about the
counterpart of somebody whom it is about.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from tests.flows.convergence.test_in_step import InStep

AT = "2026-06-30T12:00:00.000Z"
TITLES = {
    "call": "hs_call_title",
    "email": "hs_email_subject",
    "meeting": "hs_meeting_title",
    "task": "hs_task_subject",
}
"""HubSpot's object -> its title. Notes have none."""

WORDS = st.sampled_from(["First talk", "Offer", "Call back"])
TWO_WAY = ActivityKindSettings(ActivitySync.TWO_WAY)
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 30


class InStepWithActivities(InStep):
    """People also log, edit, move and delete activities, tasks and events. Whether the people are
    in step is the business of `InStep`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world.activities = ActivitySettings(
            calls=TWO_WAY, emails=TWO_WAY, meetings=TWO_WAY, notes=TWO_WAY, tasks=TWO_WAY
        )

    @rule(data=st.data(), name=st.sampled_from(sorted(TITLES)), title=WORDS)
    def logged_in_hubspot(self, data: st.DataObject, name: str, title: str) -> None:
        """A person logs an activity with a contact."""
        if contacts := self.world.hubspot.refs("contact"):
            times = {"hs_meeting_start_time": AT, "hs_meeting_end_time": AT}
            activity = self.world.hubspot.add(
                name,
                {
                    "hs_timestamp": AT,
                    TITLES[name]: title,
                    **(times if name == "meeting" else {}),
                },
            )
            self.world.associations.add_association(activity, data.draw(st.sampled_from(contacts)))
            self._happened(activity)

    @rule(data=st.data(), subtype=st.sampled_from(["Task", "Call", "Email"]), title=WORDS)
    def logged_in_salesforce(self, data: st.DataObject, subtype: str, title: str) -> None:
        """A person makes a task about a lead or a contact."""
        if people := self._records(Side.SALESFORCE):
            who = data.draw(st.sampled_from(people))
            fields = {"Subject": title, "TaskSubtype": subtype, "Status": "Not Started"}
            task = self.world.salesforce.add(
                "Task", {**fields, "WhoId": who.id, "ActivityDate": "2026-06-30"}
            )
            self._happened(task)

    @rule(data=st.data(), title=WORDS, side=st.sampled_from(Side))
    def retitled(self, data: st.DataObject, title: str, side: Side) -> None:
        """A person gives an activity another title."""
        if activities := self._activities(side):
            ref = data.draw(st.sampled_from(activities))
            name = TITLES.get(ref.object, "Subject")
            self.world.crm(side).edit(ref, {name: title})
            self._happened(ref)

    @rule(data=st.data())
    def moved_to_another(self, data: st.DataObject) -> None:
        """A person moves a HubSpot activity to another contact."""
        activities, contacts = self._activities(Side.HUBSPOT), self.world.hubspot.refs("contact")
        if activities and contacts:
            activity = data.draw(st.sampled_from(activities))
            for old in self._about(activity):
                self.world.associations.remove_association(activity, old)
            self.world.associations.add_association(activity, data.draw(st.sampled_from(contacts)))
            self._happened(activity)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def activity_deleted(self, data: st.DataObject, side: Side) -> None:
        """A person deletes an activity."""
        if activities := self._activities(side):
            ref = data.draw(st.sampled_from(activities))
            self.world.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    def _activities(self, side: Side) -> list[Ref]:
        names = sorted(TITLES) if side is Side.HUBSPOT else ["Task", "Event"]
        return [ref for name in names for ref in self.world.crm(side).refs(name)]

    def _all_activities(self) -> set[Ref]:
        return {ref for side in Side for ref in self._activities(side)}

    def _living(self, side: Side) -> list[Ref]:
        return [*super()._living(side), *self._activities(side)]

    def _about(self, activity: Ref) -> tuple[Ref, ...]:
        return self.world.associations.of([activity], "contact").get(activity, ())

    def _in_step(self) -> None:
        """Whom an activity is about may have been linked after the look at it."""
        for _ in range(2):
            self._deliver([(ref, Cause.EDITED) for ref in sorted(self._everyone())])
        for link in self.world.links.all:
            if link.kind is Kind.ACTIVITY:
                self._agree(link)
        self._once()
        told = [one for one in self._parked() if one.ref in self._all_activities()]
        assert told == [], "an activity was parked"
        before = self.world.writes()
        self._deliver([(ref, Cause.EDITED) for ref in sorted(self._all_activities())])
        assert self.world.writes() == before, "one more run wrote something"

    def _once(self) -> None:
        """Each activity about somebody who is linked has one counterpart; no two share one."""
        pairs = [
            (link.hubspot, link.salesforce)
            for link in self.world.links.all
            if link.kind is Kind.ACTIVITY
        ]
        places = [place for pair in pairs for place in pair]
        assert len(places) == len(set(places)), "an activity was doubled"
        linked = set(places)
        for side in Side:
            for ref in self._activities(side):
                assert ref in linked or not self._is_about_somebody_linked(ref), f"{ref} was lost"

    def _is_about_somebody_linked(self, ref: Ref) -> bool:
        if self._is_widowed(ref):
            return False
        if ref.side is Side.HUBSPOT:
            return any(self._counterpart(one) for one in self._about(ref))
        who = str(self.world.salesforce.fields(ref).get("WhoId") or "")
        people = [one for one in self._records(Side.SALESFORCE) if one.id == who]
        return any(self._counterpart(one) for one in people)

    def _counterpart(self, person: Ref) -> Ref | None:
        link = self.world.links.find("acme", [person]).get(person)
        if link is None or link.state is not LinkState.ACTIVE:
            return None
        found = link.salesforce if person.side is Side.HUBSPOT else link.hubspot
        return found if isinstance(found, Ref) else None

    def _agree(self, link: Link) -> None:
        assert isinstance(link.hubspot, Ref)
        assert isinstance(link.salesforce, Ref)
        activity = self.world.hubspot.fields(link.hubspot)
        task = self.world.salesforce.fields(link.salesforce)
        if link.state is LinkState.TOMBSTONE:
            assert not (activity and task), "a pair whose records both exist has a tombstone"
            return
        assert activity, "a living link names an activity that is gone"
        assert task, "a living link names a task that is gone"
        assert activity.get(TITLES[link.hubspot.object]) == task.get("Subject")
        people = {
            one.id for about in self._about(link.hubspot) if (one := self._counterpart(about))
        }
        assert not people or task.get("WhoId") in people, (
            f"{link.salesforce} is about {task.get('WhoId')}, not about one of {people}"
        )


InStepWithActivities.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestInStepWithActivities = pytest.mark.long(InStepWithActivities.TestCase)

"""The main property with activities: people log them on both sides, edit them, move them to others
and delete them, while contacts, companies and deals change, too.

In step also means that each activity has one task or event, with the same title or text, about the
counterparts of those whom and what it is about.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from crmsync.model.changes import Cause
from crmsync.model.kinds.activities import ActivityKindSettings, ActivitySettings, ActivitySync
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.pair.matching import PREFIXES
from tests.flows.convergence.test_in_step import PEOPLE
from tests.flows.convergence.test_in_step_companies import InStepWithCompanies

AT = "2026-06-30T12:00:00.000Z"
WORDING = {
    "call": ("hs_call_title", "Subject"),
    "email": ("hs_email_subject", "Subject"),
    "meeting": ("hs_meeting_title", "Subject"),
    "note": ("hs_note_body", "Description"),
    "task": ("hs_task_subject", "Subject"),
}
"""HubSpot's object -> what people write there, and the field that shows it in Salesforce."""

ABOUT = ("contact", "company", "deal")
DEALS = {Side.HUBSPOT: "deal", Side.SALESFORCE: "Opportunity"}
RECORDS = {Side.HUBSPOT: ("deal", "company"), Side.SALESFORCE: ("Opportunity", "Account")}
"""What an activity can be about beside a person, the better one first."""

WORDS = st.sampled_from(["First talk", "Offer", "Call back"])
TWO_WAY = ActivityKindSettings(ActivitySync.TWO_WAY)
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 40


class InStepWithActivities(InStepWithCompanies):
    """People also make deals and opportunities, and log, edit, move and delete activities, tasks
    and events. Whether contacts, companies and deals are in step is the business of other tests.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world.activities = ActivitySettings(
            calls=TWO_WAY, emails=TWO_WAY, meetings=TWO_WAY, notes=TWO_WAY, tasks=TWO_WAY
        )

    @initialize()
    def some_are_linked(self) -> None:
        """Two contacts, a company and a deal have synced, so that most activities are about what is
        linked.
        """
        contacts = [self.world.new_contact(email=email) for email in PEOPLE[:2]]
        company = self.world.new_company(contacts[0])
        deal = self.world.new_deal(contacts[0], company=company)
        self._deliver([(ref, Cause.EDITED) for ref in (*contacts, company, deal)])

    @rule(data=st.data())
    def deal_made_in_hubspot(self, data: st.DataObject) -> None:
        """A person makes a deal with a contact, in a company or in none."""
        contacts, companies = (self.world.hubspot.refs(one) for one in ("contact", "company"))
        if contacts:
            company = data.draw(st.sampled_from([None, *companies]))
            contact = data.draw(st.sampled_from(contacts))
            self._happened(self.world.new_deal(contact, company=company))

    @rule(data=st.data())
    def opportunity_made_in_salesforce(self, data: st.DataObject) -> None:
        """A person makes an opportunity of an account."""
        if accounts := self.world.salesforce.refs("Account"):
            account = data.draw(st.sampled_from(accounts))
            self._happened(self.world.new_opportunity(AccountId=account.id))

    @rule(data=st.data(), side=st.sampled_from(Side))
    def deal_deleted(self, data: st.DataObject, side: Side) -> None:
        """A person deletes a deal or an opportunity."""
        if deals := self.world.crm(side).refs(DEALS[side]):
            ref = data.draw(st.sampled_from(deals))
            self.world.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    @rule(data=st.data(), name=st.sampled_from(sorted(WORDING)), words=WORDS)
    def logged_in_hubspot(self, data: st.DataObject, name: str, words: str) -> None:
        """A person logs an activity with a contact, a company, a deal, or several of them."""
        if others := self._others():
            times = {"hs_meeting_start_time": AT, "hs_meeting_end_time": AT}
            activity = self.world.hubspot.add(
                name,
                {
                    "hs_timestamp": AT,
                    WORDING[name][0]: words,
                    **(times if name == "meeting" else {}),
                },
            )
            about = st.lists(st.sampled_from(others), min_size=1, max_size=3, unique=True)
            for other in data.draw(about):
                self.world.associations.add_association(activity, other)
            self._happened(activity)

    @rule(data=st.data(), subtype=st.sampled_from(["Task", "Call", "Email", "Event"]), words=WORDS)
    def logged_in_salesforce(self, data: st.DataObject, subtype: str, words: str) -> None:
        """A person makes a task or an event about somebody, or something."""
        fields = {"Subject": words, **self._draw_about(data)}
        if subtype == "Event":
            times = {"StartDateTime": AT, "EndDateTime": AT}
            self._happened(self.world.salesforce.add("Event", {**fields, **times}))
        else:
            more = {"TaskSubtype": subtype, "Status": "Not Started", "ActivityDate": "2026-06-30"}
            self._happened(self.world.salesforce.add("Task", {**fields, **more}))

    @rule(data=st.data(), words=WORDS, side=st.sampled_from(Side))
    def reworded(self, data: st.DataObject, words: str, side: Side) -> None:
        """A person gives an activity another title, or a note another text."""
        if activities := self._activities(side):
            ref = data.draw(st.sampled_from(activities))
            mine = ref if side is Side.HUBSPOT else self._counterpart(ref)
            hubspot, salesforce = WORDING[mine.object if mine else "task"]
            name = hubspot if side is Side.HUBSPOT else salesforce
            self.world.crm(side).edit(ref, {name: words})
            self._happened(ref)

    @rule(data=st.data())
    def moved_to_another(self, data: st.DataObject) -> None:
        """A person moves a HubSpot activity from one it is about to another of that object."""
        activities, others = self._activities(Side.HUBSPOT), self._others()
        if activities and others:
            activity = data.draw(st.sampled_from(activities))
            new = data.draw(st.sampled_from(others))
            for old in self._about(activity):
                if old.object == new.object:
                    self.world.associations.remove_association(activity, old)
            self.world.associations.add_association(activity, new)
            self._happened(activity)

    @rule(data=st.data())
    def moved_in_salesforce(self, data: st.DataObject) -> None:
        """A person makes a task or an event be about somebody or something else."""
        if tasks := self._activities(Side.SALESFORCE):
            task = data.draw(st.sampled_from(tasks))
            about = self._draw_about(data)
            self.world.salesforce.edit(task, {"WhoId": None, "WhatId": None, **about})
            self._happened(task)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def activity_deleted(self, data: st.DataObject, side: Side) -> None:
        """A person deletes an activity."""
        if activities := self._activities(side):
            ref = data.draw(st.sampled_from(activities))
            self.world.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    def _others(self) -> list[Ref]:
        """What an activity of HubSpot can be about."""
        return [ref for name in ABOUT for ref in self.world.hubspot.refs(name)]

    def _draw_about(self, data: st.DataObject) -> dict[str, str]:
        """Whom and what a task is about; beside a lead nothing, as Salesforce demands."""
        who = data.draw(st.sampled_from([None, *self._records(Side.SALESFORCE)]))
        if who is not None and who.object == "Lead":
            return {"WhoId": who.id}
        names = RECORDS[Side.SALESFORCE]
        records = [ref for name in names for ref in self.world.salesforce.refs(name)]
        what = data.draw(st.sampled_from([None, *records]))
        named = {"WhoId": who, "WhatId": what}
        return {name: ref.id for name, ref in named.items() if ref is not None}

    def _activities(self, side: Side) -> list[Ref]:
        names = sorted(WORDING) if side is Side.HUBSPOT else ["Task", "Event"]
        return [ref for name in names for ref in self.world.crm(side).refs(name)]

    def _all_activities(self) -> set[Ref]:
        return {ref for side in Side for ref in self._activities(side)}

    def _living(self, side: Side) -> list[Ref]:
        deals = self.world.crm(side).refs(DEALS[side])
        return [*super()._living(side), *deals, *self._activities(side)]

    def _ended(self, ref: Ref, survivor: Ref | None) -> None:
        """Opportunities are deleted with their account."""
        super()._ended(ref, survivor)
        if ref.object == "Opportunity":
            self._happened(ref, Cause.DELETED)

    def _about(self, activity: Ref) -> tuple[Ref, ...]:
        associations = self.world.associations
        return tuple(
            ref for name in ABOUT for ref in associations.of([activity], name).get(activity, ())
        )

    def _in_step(self) -> None:
        """Whom or what an activity is about may have been linked after the look at it."""
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
        about = self._about(ref) if ref.side is Side.HUBSPOT else self._named_by(ref)
        return any(self._counterpart(one) for one in about)

    def _named_by(self, task: Ref) -> list[Ref]:
        """Whom and what a task or an event is about, as far as they are there."""
        fields = self.world.salesforce.fields(task)
        ids = [str(fields.get(name) or "") for name in ("WhoId", "WhatId")]
        refs = [Ref(Side.SALESFORCE, PREFIXES[one[:3]], one) for one in ids if one]
        return [one for one in refs if self.world.salesforce.is_live(one)]

    def _counterpart(self, record: Ref) -> Ref | None:
        link = self.world.links.find("acme", [record]).get(record)
        if link is None or link.state is not LinkState.ACTIVE:
            return None
        found = link.salesforce if record.side is Side.HUBSPOT else link.hubspot
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
        name, field = WORDING[link.hubspot.object]
        assert activity.get(name) == task.get(field)
        about = self._about(link.hubspot)
        across = {ref: there for ref in about if (there := self._counterpart(ref))}
        self._is_one_of(link, "WhoId", self._best(across, "Contact", "Lead"))
        if str(task.get("WhoId") or "").startswith("00Q"):
            assert not task.get("WhatId"), "a task about a lead names a record"
        else:
            self._is_one_of(link, "WhatId", self._best(across, *RECORDS[Side.SALESFORCE]))

    def _best(self, across: dict[Ref, Ref], *names: str) -> set[str]:
        """The ids of those of the first of these objects of which there is one."""
        found = ({ref.id for ref in across.values() if ref.object == name} for name in names)
        return next(filter(None, found), set())

    def _is_one_of(self, link: Link, field: str, wanted: set[str]) -> None:
        """A task names one of those, if there are any; a stranger, whom HubSpot cannot show,
        stays.
        """
        assert isinstance(link.salesforce, Ref)
        shown = str(self.world.salesforce.fields(link.salesforce).get(field) or "")
        stranger = Ref(Side.SALESFORCE, PREFIXES.get(shown[:3], ""), shown)
        is_strange = bool(shown) and self._counterpart(stranger) is None
        assert is_strange or not wanted or shown in wanted, (
            f"{link.salesforce} has {field} {shown}, not one of {wanted}"
        )


InStepWithActivities.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestInStepWithActivities = pytest.mark.long(InStepWithActivities.TestCase)

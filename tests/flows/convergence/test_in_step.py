"""The property that matters most.

Whatever happens, once everything that was touched has been looked at and the queue is empty, both
sides agree, nothing is lost or doubled, and one more run plans nothing.
``HYPOTHESIS_PROFILE=explore`` tries a thousand stories that were never tried before.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.effects import Category, Report
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Ref, Side
from tests.memory.world import MemoryWorld

PEOPLE = [f"person{number}@example.com" for number in range(4)]
FIELDS = {"phone": "Phone", "jobtitle": "Title", "firstname": "FirstName"}
ADDRESS = {"email": "Email"}
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 40

MAX_IN_THE_WAY = 100
"""More records than one story makes."""

VALUES = st.sampled_from(["1", "2", "3", ""])


class InStep(RuleBasedStateMachine):
    """People create, edit, delete, convert and merge on both sides, and give each other's addresses
    to others.

    Messages come late, doubled, reordered or not at all; calls fail half-way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = MemoryWorld()
        self.undelivered: list[tuple[Ref, Cause]] = []
        self.touched: set[Ref] = set()

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_hubspot(self, email: str, phone: str) -> None:
        """A person makes a contact."""
        if not self._holder(email):
            self._happened(self.world.new_contact(email=email, phone=phone))

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_salesforce(self, email: str, phone: str) -> None:
        """A person makes a lead, perhaps with an address that is known."""
        self._happened(self.world.new_lead(Email=email, Phone=phone))

    @rule(
        data=st.data(),
        name=st.sampled_from(sorted(FIELDS)),
        value=VALUES,
        side=st.sampled_from(Side),
    )
    def edited(self, data: st.DataObject, name: str, value: str, side: Side) -> None:
        """A person changes one field on one side."""
        refs = self._records(side)
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.world.crm(side).edit(
                ref, {name if side is Side.HUBSPOT else FIELDS[name]: value or None}
            )
            self._happened(ref)

    @rule(data=st.data(), email=st.sampled_from([*PEOPLE, ""]), side=st.sampled_from(Side))
    def moved(self, data: st.DataObject, email: str, side: Side) -> None:
        """A person gives a record another address, or none; HubSpot takes none that another contact
        has.
        """
        refs = self._records(side)
        if refs and not (email and side is Side.HUBSPOT and self._holder(email)):
            ref = data.draw(st.sampled_from(refs))
            self.world.crm(side).edit(
                ref, {"email" if side is Side.HUBSPOT else "Email": email or None}
            )
            self._happened(ref)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def deleted(self, data: st.DataObject, side: Side) -> None:
        """A person deletes a record."""
        refs = self._records(side)
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.world.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    @rule(data=st.data())
    def converted(self, data: st.DataObject) -> None:
        """A person converts a lead."""
        leads = [ref for ref in self._records(Side.SALESFORCE) if ref.object == "Lead"]
        if leads:
            lead = data.draw(st.sampled_from(leads))
            contact = self.world.salesforce.convert(lead)
            self._happened(lead)
            self._happened(contact)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def merged(self, data: st.DataObject, side: Side) -> None:
        """A person merges two records of a kind."""
        refs = self._records(side)
        alike = [
            (one, two) for one in refs for two in refs if one != two and one.object == two.object
        ]
        if alike:
            winner, loser = data.draw(st.sampled_from(alike))
            survivor = self.world.crm(side).merge(winner, loser)
            for ref in dict.fromkeys((survivor, winner, loser)):
                self._happened(ref)

    @rule(data=st.data(), size=st.integers(1, 6), twice=st.booleans())
    @precondition(lambda self: self.undelivered)
    def some_are_delivered(self, data: st.DataObject, size: int, *, twice: bool) -> None:
        """Any of the messages, in any order, perhaps again later."""
        some = data.draw(st.permutations(self.undelivered))[:size]
        self._deliver(some)
        if not twice:
            self.undelivered = [one for one in self.undelivered if one not in some]

    @rule(side=st.sampled_from(Side))
    @precondition(lambda self: self.undelivered)
    def a_side_is_down(self, side: Side) -> None:
        """Everything is delivered while one side does not answer."""
        self.world.crm(side).down = TryAgain("Down.")
        self._deliver(self.undelivered)
        self.world.crm(side).down = None

    @rule(side=st.sampled_from(Side))
    @precondition(lambda self: self.undelivered)
    def killed_before_the_link_is_saved(self, side: Side) -> None:
        """The process dies between the CRM writes and the link."""
        save = self.world.links.save
        self.world.links.save = lambda links: [TryAgain("Killed.") for _ in links]
        self._deliver([one for one in self.undelivered if one[0].side is side])
        self.world.links.save = save

    @rule(data=st.data())
    def everything_is_looked_at(self, data: st.DataObject) -> None:
        """A sweep finds what the messages lost: one look at each record, in any order and any
        batches, is enough.
        """
        left = list(data.draw(st.permutations(sorted(self._everyone()))))
        while left:
            size = data.draw(st.integers(1, len(left)))
            self._deliver([(ref, Cause.EDITED) for ref in left[:size]])
            left = left[size:]
        self._in_step()

    def teardown(self) -> None:
        """However a story ends, the two sides come in step; and whoever waits goes on once nobody
        stands in the way.
        """
        self._deliver([(ref, Cause.EDITED) for ref in sorted(self._everyone())])
        self._in_step()
        self._those_in_the_way_leave()

    @invariant()
    def nobody_has_two_contacts(self) -> None:
        """HubSpot never has two contacts with one address."""
        held = [
            email for ref in self.world.hubspot.refs("contact") for email in self._addresses(ref)
        ]
        assert len(held) == len(set(held))

    def _holder(self, email: str) -> Ref | None:
        contacts = self.world.hubspot.refs("contact")
        return next((ref for ref in contacts if email in self._addresses(ref)), None)

    def _addresses(self, contact: Ref) -> list[str]:
        fields = self.world.hubspot.fields(contact)
        further = str(fields.get("hs_additional_emails") or "").split(";")
        return [str(email) for email in (fields.get("email"), *further) if email]

    def _everyone(self) -> set[Ref]:
        return self.touched | {ref for side in Side for ref in self._living(side)}

    def _living(self, side: Side) -> list[Ref]:
        return self._records(side)

    def _records(self, side: Side) -> list[Ref]:
        crm = self.world.crm(side)
        if side is Side.HUBSPOT:
            return crm.refs("contact")
        leads = [ref for ref in crm.refs("Lead") if not crm.fields(ref).get("IsConverted")]
        return [*leads, *crm.refs("Contact")]

    def _happened(self, ref: Ref, cause: Cause = Cause.EDITED) -> None:
        self.touched.add(ref)
        self.undelivered.append((ref, cause))
        self.world.wait()

    def _deliver(self, some: list[tuple[Ref, Cause]]) -> None:
        if some:
            for ref, cause in some:
                self.world.outbox.delayed.append((self.world.change(ref, cause), 0))
            self.world.drain()

    def _those_in_the_way_leave(self) -> None:
        """Delete or rename, one by one, the records whose address others wait for; after each of
        them the two sides agree, and in the end nobody waits.
        """
        for number in range(MAX_IN_THE_WAY):
            waited_for = sorted(
                {
                    ref
                    for one in self._parked()
                    for ref in one.waits_for
                    if ref in self._records(ref.side)
                }
            )
            if not waited_for:
                return
            crm, ref = self.world.crm(waited_for[0].side), waited_for[0]
            if number % 2 == 0:
                crm.delete(ref)
            else:
                field = "email" if ref.side is Side.HUBSPOT else "Email"
                crm.edit(ref, {field: f"new{number}@example.com"})
            self._happened(ref)
            self._deliver([(ref, Cause.EDITED)])
            self._in_step()
        raise AssertionError("records still wait for others, however many of those leave")

    def _parked(self) -> list[Report]:
        """What is told now; that a side was down once is not looked at, as a record that shows
        nothing new gets no later look.
        """
        return [
            one
            for one in self.world.inbox.parked("acme")
            if one.category is not Category.UNAVAILABLE
        ]

    def _in_step(self) -> None:
        for link in self.world.links.all:
            self._agree(link)
        for report in self._parked():
            self._stands_rightly(report)
        linked = {
            place for link in self.world.links.all for place in (link.hubspot, link.salesforce)
        }
        everyone = {
            ref for side in Side for ref in self._records(side) if not self._is_widowed(ref)
        }
        assert everyone <= linked | {one.ref for one in self._parked()}, "somebody was lost"
        before, told = self.world.writes(), set(self._parked())
        self._deliver([(ref, Cause.EDITED) for ref in sorted(self._everyone())])
        assert self.world.writes() == before, "one more run wrote something"
        assert set(self._parked()) == told, "one more run told something else"

    def _agree(self, link: Link) -> None:
        """A living pair shows the same on both sides; only an address may differ that another
        contact has, and that is told.
        """
        assert isinstance(link.hubspot, Ref)
        assert isinstance(link.salesforce, Ref)
        contact, lead = (
            self.world.hubspot.fields(link.hubspot),
            self.world.salesforce.fields(link.salesforce),
        )
        if link.state is not LinkState.ACTIVE:
            assert not (contact and lead) or lead.get("IsConverted"), (
                "a pair that could go on was buried"
            )
            return
        assert contact, "a living link names a contact that is gone"
        assert lead, "a living link names a Salesforce record that is gone"
        differ = {
            name
            for name, field in (FIELDS | ADDRESS).items()
            if contact.get(name) != lead.get(field)
        }
        waits = {
            one.waits_for for one in self._parked() if one.ref == link.hubspot and one.waits_for
        }
        wanted = self._holder(str(lead.get("Email") or ""))
        told = ({"email"}, {(wanted,)}) if differ and wanted else (set(), set())
        assert (differ, waits) == told, (
            f"{link.hubspot} and {link.salesforce} differ in {differ}, waiting for {waits}"
        )

    def _stands_rightly(self, report: Report) -> None:
        """What is told is so: an address is missing, or those in the way are there and have it."""
        crm = self.world.crm(report.ref.side)
        assert report.category in {Category.WAITING, Category.DUPLICATES}
        assert crm.fields(report.ref), "a record that is gone is still reported"
        if report.category is Category.WAITING:
            assert not crm.fields(report.ref).get(
                "email" if report.ref.side is Side.HUBSPOT else "Email"
            )
        assert bool(report.waits_for) == (report.category is Category.DUPLICATES)
        assert all(self.world.crm(ref.side).fields(ref) for ref in report.waits_for), (
            "somebody waits for one who is gone"
        )

    def _is_widowed(self, ref: Ref) -> bool:
        """Whether a record, or a lead that it was converted from, names a counterpart that no
        longer exists: an edit does not bring that one back.
        """
        there = {one.id for one in self._living(ref.side.other)}
        named = {self._named_counterpart(one) for one in (ref, *self._leads_of(ref))} - {""}
        return bool(named) and not named & there

    def _named_counterpart(self, ref: Ref) -> str:
        fields = self.world.crm(ref.side).fields(ref)
        return str(
            fields.get("crmsync_salesforce_id") or fields.get("Crmsync_HubSpot_Id__c") or ""
        ).removeprefix("555001-")

    def _leads_of(self, ref: Ref) -> list[Ref]:
        crm = self.world.crm(ref.side)
        return [
            one for one in crm.refs("Lead") if crm.fields(one).get("ConvertedContactId") == ref.id
        ]


InStep.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
TestInStep = pytest.mark.long(InStep.TestCase)

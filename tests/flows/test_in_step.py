"""The property that matters most.

Whatever happens, once the queue is empty both sides agree, nothing is lost or doubled, and one more run plans nothing.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.links import LinkState
from crmsync.model.records import Ref, Side
from tests.flows.worlds import Town

PEOPLE = [f"person{number}@example.com" for number in range(4)]
FIELDS = {"phone": "Phone", "jobtitle": "Title", "firstname": "FirstName"}
SWEEPS = 5
"""After so many looks at everything, nothing may be left to write."""

VALUES = st.sampled_from(["1", "2", "3", ""])


class InStep(RuleBasedStateMachine):
    """People create, edit, delete, convert and merge on both sides.

    Messages come late, doubled, reordered or not at all; calls fail half-way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.town = Town()
        self.undelivered: list[tuple[Ref, Cause]] = []
        self.touched: set[Ref] = set()

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_hubspot(self, email: str, phone: str) -> None:
        """A person makes a contact."""
        if not any(self.town.hubspot.fields(ref).get("email") == email for ref in self.town.hubspot.refs("contact")):
            self._happened(self.town.new_contact(email=email, phone=phone))

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_salesforce(self, email: str, phone: str) -> None:
        """A person makes a lead, perhaps with an address that is known."""
        self._happened(self.town.new_lead(Email=email, Phone=phone))

    @rule(data=st.data(), name=st.sampled_from(sorted(FIELDS)), value=VALUES, side=st.sampled_from(Side))
    def edited(self, data: st.DataObject, name: str, value: str, side: Side) -> None:
        """A person changes one field on one side."""
        refs = self._records(side)
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.town.crm(side).edit(ref, {name if side is Side.HUBSPOT else FIELDS[name]: value or None})
            self._happened(ref)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def deleted(self, data: st.DataObject, side: Side) -> None:
        """A person deletes a record."""
        refs = self._records(side)
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.town.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    @rule(data=st.data())
    def converted(self, data: st.DataObject) -> None:
        """A person converts a lead."""
        leads = [ref for ref in self._records(Side.SALESFORCE) if ref.object == "Lead"]
        if leads:
            lead = data.draw(st.sampled_from(leads))
            contact = self.town.salesforce.convert(lead)
            self._happened(lead)
            self._happened(contact)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def merged(self, data: st.DataObject, side: Side) -> None:
        """A person merges two records of a kind."""
        refs = self._records(side)
        alike = [(one, two) for one in refs for two in refs if one != two and one.object == two.object]
        if alike:
            winner, loser = data.draw(st.sampled_from(alike))
            survivor = self.town.crm(side).merge(winner, loser)
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
        self.town.crm(side).down = TryAgain("Down.")
        self._deliver(self.undelivered)
        self.town.crm(side).down = None

    @rule(side=st.sampled_from(Side))
    @precondition(lambda self: self.undelivered)
    def killed_before_the_link_is_saved(self, side: Side) -> None:
        """The process dies between the CRM writes and the link."""
        save = self.town.links.save
        self.town.links.save = lambda links: [TryAgain("Killed.") for _ in links]
        self._deliver([one for one in self.undelivered if one[0].side is side])
        self.town.links.save = save

    @rule()
    def everything_is_delivered(self) -> None:
        """Sweeps find what the messages lost.

        What a merge or a deletion set free for others is found by the next one; soon they find nothing more, and the two
        sides are in step.
        """
        self.undelivered = []
        for _ in range(SWEEPS):
            before = self.town.writes()
            everyone = {ref for side in Side for ref in self._records(side)}
            self._deliver([(ref, Cause.EDITED) for ref in sorted(self.touched | everyone)])
            if self.town.writes() == before:
                break
        self._in_step()

    def teardown(self) -> None:
        """However a story ends, the two sides come in step."""
        self.everything_is_delivered()

    @invariant()
    def nobody_has_two_contacts(self) -> None:
        """HubSpot never has two contacts with one address."""
        emails = [self.town.hubspot.fields(ref).get("email") for ref in self.town.hubspot.refs("contact")]
        assert len(emails) == len(set(emails))

    def _records(self, side: Side) -> list[Ref]:
        crm = self.town.crm(side)
        if side is Side.HUBSPOT:
            return crm.refs("contact")
        leads = [ref for ref in crm.refs("Lead") if not crm.fields(ref).get("IsConverted")]
        return [*leads, *crm.refs("Contact")]

    def _happened(self, ref: Ref, cause: Cause = Cause.EDITED) -> None:
        self.touched.add(ref)
        self.undelivered.append((ref, cause))
        self.town.wait()

    def _deliver(self, some: list[tuple[Ref, Cause]]) -> None:
        if some:
            for ref, cause in some:
                self.town.outbox.delayed.append((self.town.change(ref, cause), 0))
            self.town.drain()

    def _in_step(self) -> None:
        parked = {one.ref for one in self.town.inbox.parked("acme")}
        for link in self.town.links.all:
            assert isinstance(link.hubspot, Ref)
            assert isinstance(link.salesforce, Ref)
            contact, lead = self.town.hubspot.fields(link.hubspot), self.town.salesforce.fields(link.salesforce)
            if link.state is LinkState.TOMBSTONE:
                assert not (contact and lead) or lead.get("IsConverted"), "a pair that could go on was buried"
                continue
            if link.hubspot in parked:
                continue
            assert {name: contact.get(name) for name in FIELDS} == {
                name: lead.get(field) for name, field in FIELDS.items()
            }
        linked = {place for link in self.town.links.all for place in (link.hubspot, link.salesforce)}
        everyone = {ref for side in Side for ref in self._records(side) if not self._is_widowed(ref)}
        assert everyone <= linked | parked, "somebody was lost"
        before = self.town.writes()
        self.town.sync(*sorted(everyone))
        assert self.town.writes() == before, "one more run wrote something"

    def _is_widowed(self, ref: Ref) -> bool:
        """Whether a record names a counterpart that no longer exists: an edit does not bring that one back."""
        fields = self.town.crm(ref.side).fields(ref)
        named = str(fields.get("crmsync_salesforce_id") or fields.get("Crmsync_HubSpot_Id__c") or "").removeprefix(
            "555001-"
        )
        return bool(named) and named not in {one.id for one in self._records(ref.side.other)}


InStep.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestInStep = InStep.TestCase

"""The property that matters most: whatever happens, once the queue is empty both sides agree, nothing is lost or doubled, and one more
run plans nothing."""

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
VALUES = st.sampled_from(["1", "2", "3", ""])


class InStep(RuleBasedStateMachine):
    """People create, edit and delete on both sides; messages come late, doubled, reordered or not at all; calls fail half-way."""

    def __init__(self) -> None:
        super().__init__()
        self.town = Town()
        self.undelivered: list[tuple[Ref, Cause]] = []
        self.touched: set[Ref] = set()

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_hubspot(self, email: str, phone: str) -> None:
        if not any(self.town.hubspot.fields(ref).get("email") == email for ref in self.town.hubspot.refs("contact")):
            self._happened(self.town.new_contact(email=email, phone=phone))

    @rule(email=st.sampled_from(PEOPLE), phone=VALUES)
    def born_in_salesforce(self, email: str, phone: str) -> None:
        self._happened(self.town.new_lead(Email=email, Phone=phone))

    @rule(data=st.data(), name=st.sampled_from(sorted(FIELDS)), value=VALUES, side=st.sampled_from(Side))
    def edited(self, data: st.DataObject, name: str, value: str, side: Side) -> None:
        refs = self.town.crm(side).refs("contact" if side is Side.HUBSPOT else "Lead")
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.town.crm(side).edit(ref, {name if side is Side.HUBSPOT else FIELDS[name]: value or None})
            self._happened(ref)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def deleted(self, data: st.DataObject, side: Side) -> None:
        refs = self.town.crm(side).refs("contact" if side is Side.HUBSPOT else "Lead")
        if refs:
            ref = data.draw(st.sampled_from(refs))
            self.town.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)

    @rule(data=st.data(), size=st.integers(1, 6), twice=st.booleans())
    @precondition(lambda self: self.undelivered)
    def some_are_delivered(self, data: st.DataObject, size: int, twice: bool) -> None:
        """Any of the messages, in any order, perhaps again later."""
        some = data.draw(st.permutations(self.undelivered))[:size]
        self._deliver(some)
        if not twice:
            self.undelivered = [one for one in self.undelivered if one not in some]

    @rule(side=st.sampled_from(Side))
    @precondition(lambda self: self.undelivered)
    def a_side_is_down(self, side: Side) -> None:
        self.town.crm(side).down = TryAgain("Down.")
        self._deliver(self.undelivered)
        self.town.crm(side).down = None

    @rule(side=st.sampled_from(Side))
    @precondition(lambda self: self.undelivered)
    def killed_before_the_link_is_saved(self, side: Side) -> None:
        save = self.town.links.save
        self.town.links.save = lambda links: [TryAgain("Killed.") for _ in links]
        self._deliver([one for one in self.undelivered if one[0].side is side])
        self.town.links.save = save

    @rule()
    def everything_is_delivered(self) -> None:
        """The sweep finds what the messages lost; then the two sides must be in step."""
        self._deliver([(ref, Cause.EDITED) for ref in sorted(self.touched)])
        self.undelivered = []
        self.town.drain()
        self._in_step()

    def teardown(self) -> None:
        self.everything_is_delivered()

    @invariant()
    def nobody_has_two_contacts(self) -> None:
        emails = [self.town.hubspot.fields(ref).get("email") for ref in self.town.hubspot.refs("contact")]
        assert len(emails) == len(set(emails))

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
        for link in self.town.links.all:
            assert isinstance(link.hubspot, Ref)
            assert isinstance(link.salesforce, Ref)
            contact, lead = self.town.hubspot.fields(link.hubspot), self.town.salesforce.fields(link.salesforce)
            if link.state is LinkState.TOMBSTONE:
                assert not (contact and lead)
                continue
            assert {name: contact.get(name) for name in FIELDS} == {name: lead.get(field) for name, field in FIELDS.items()}
        linked = {place for link in self.town.links.all for place in (link.hubspot, link.salesforce)}
        parked = {one.ref for one in self.town.inbox.parked("acme")}
        everyone = {*self.town.hubspot.refs("contact"), *self.town.salesforce.refs("Lead")}
        assert everyone <= linked | parked, "somebody was lost"
        before = self.town.writes()
        self.town.sync(*sorted(everyone))
        assert self.town.writes() == before, "one more run wrote something"


InStep.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestInStep = InStep.TestCase

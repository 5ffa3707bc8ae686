"""The loop breaker: a field that crmsync and somebody else keep writing in turn is stopped, and
goes on by itself once nobody changes it back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.changes import Cause
from crmsync.model.effects import Report, SaveLink, UpdateRecord
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.fingerprints import tag
from crmsync.model.links import LoopState
from crmsync.model.records import Record, Side, Value
from crmsync.plans.contact import plan_contact
from crmsync.rules.merge.intents import revision_on, written
from crmsync.rules.merge.loops import LIMIT
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.pair.reports import FIELD_LOOP
from tests.builders import LEAD_ID, NOON, a_change, a_contact, a_lead, a_ruleset
from tests.plans.contact_facts import KEY, H, S, linked

pytestmark = pytest.mark.rule("CH-5")

PERSON = "005000000000009AAA"


class Pair:
    """A contact and its lead, which are synced whenever somebody has changed one of them."""

    def __init__(self, policy: Update = Update.ALWAYS_HUBSPOT, **fields: Value) -> None:
        """A linked pair in step, whose phone number crosses by that policy."""
        rule = FieldRule("phone", "Phone", update=policy)
        self.ruleset = replace(a_ruleset(field=(rule,)), our_user="")
        hubspot = {"phone": "1", "hubspot_owner_id": None, "jobtitle": "Pilot", **fields}
        lead = {"Phone": "1", "Title": "Pilot", "OwnerId": ""}
        agreed = a_contact(hubspot, salesforce_id=LEAD_ID), a_lead(lead, key=KEY)
        facts = linked(agreed=agreed)
        assert facts.link is not None
        link = replace(facts.link, hubspot_owner="", salesforce_owner="")
        self.facts = replace(facts, link=link)
        self.now = NOON
        self.written: list[tuple[Side, str, Value]] = []
        self.reports: list[Report] = []

    def edit(self, side: Side, minutes: float = 1, **fields: Value) -> None:
        """Somebody changes a record so many minutes later."""
        self.now += timedelta(minutes=minutes)
        self._change(side, fields, PERSON)

    def sync(self, cause: Cause = Cause.EDITED, holds: frozenset[Hold] = frozenset()) -> None:
        """The pair is planned, and the plan is carried out a minute later."""
        change = a_change(self.facts.change.ref, cause)
        read = self._record(H), self._record(S)
        facts = replace(self.facts, change=change, holds=holds)
        plan = plan_contact(facts, self.ruleset)
        self.now += timedelta(minutes=1)
        self.reports = [one for one in plan.effects if isinstance(one, Report)]
        for one in plan.effects:
            if isinstance(one, SaveLink):
                link = one.link.announced_at(self.now)
                self.facts = replace(self.facts, link=replace(link, version=link.version + 1))
            elif isinstance(one, UpdateRecord):
                assert self.facts.link is not None
                revision = revision_on(self.facts.link, one.place, one.side, 555001)
                self.written += [(one.side, name, value) for name, value in one.fields.items()]
                self._change(one.side, {**one.fields, **revision}, "")
        assert self.facts.link is not None
        noted = written(self.facts.link, plan, read, self.ruleset)
        self.facts = replace(self.facts, link=noted)

    def stand_still(self, minutes: float) -> None:
        """Nobody does anything for so many minutes, crmsync included."""
        self.now += timedelta(minutes=minutes)

    def lose_a_write(self, minutes: float) -> None:
        """What crmsync writes to the lead never arrives, and somebody edits the contact later."""
        before = self._record(S), list(self.written)
        self.sync()
        assert before[1] != self.written
        self.facts, self.written = replace(self.facts, salesforce=before[0]), before[1]
        self.edit(H, minutes, jobtitle="Engineer")

    def phones_written(self) -> list[Value]:
        """The phone numbers that crmsync wrote to Salesforce."""
        return [value for side, name, value in self.written if (side, name) == (S, "Phone")]

    def overlap(self) -> None:
        """Two workers write the phone number to the lead at once: the second has read the lead before
        the write of the first one arrived, which does not arrive after it either.
        """
        before = self._record(S)
        self.edit(H, phone="5")
        self.sync()
        self.facts = replace(self.facts, salesforce=before)
        self.edit(H, phone="2")
        self.sync()
        assert self.facts.link is not None
        assert self.facts.link.salesforce_intent.earlier

    def shown(self, name: str) -> tuple[Value, Value]:
        """What HubSpot and Salesforce show in the field of that HubSpot name."""
        owners = dict.fromkeys(("hubspot_owner_id", "crmsync_owner_id"), "OwnerId")
        theirs = ({"phone": "Phone", "jobtitle": "Title"} | owners)[name]
        return self._record(H).fields.get(name), self._record(S).fields.get(theirs)

    def loops(self) -> dict[bytes, int]:
        """How often in a row each field was changed back, as the link has it."""
        assert self.facts.link is not None
        return {key: state.count for key, state in self.facts.link.loops.items()}

    def _record(self, side: Side) -> Record:
        record = self.facts.hubspot if side is H else self.facts.salesforce
        assert record is not None
        return record

    def _change(self, side: Side, fields: dict[str, Value], by: str) -> None:
        old = self._record(side)
        new = replace(old, fields={**old.fields, **fields}, modified_at=self.now, modified_by=by)
        both = {"hubspot": new} if side is H else {"salesforce": new}
        self.facts = replace(self.facts, **both)


def fight(pair: Pair, change_back: Callable[[Pair], None], rounds: int = 20) -> int:
    """Somebody changes our write back each time; returns how often crmsync wrote."""
    before = len(pair.written)
    for _ in range(rounds):
        at = len(pair.written)
        pair.sync()
        if len(pair.written) == at:
            break
        change_back(pair)
    return len(pair.written) - before


def flow(pair: Pair) -> None:
    """A flow in Salesforce sets its own phone number."""
    pair.edit(S, Phone="9")


def both_automations(pair: Pair) -> None:
    """A flow and a workflow each set their own number, on whichever side was written."""
    if pair.written[-1][0] is S:
        pair.edit(S, Phone="9")
    else:
        pair.edit(H, phone="2")


def counting_up(pair: Pair) -> None:
    """A flow adds to every number that it is given."""
    pair.edit(S, Phone=f"{pair.shown('phone')[1]}0")


@pytest.mark.parametrize(
    ("policy", "change_back", "ends"),
    [
        (Update.ALWAYS_HUBSPOT, flow, ("2", "9")),
        (Update.PREFER_HUBSPOT, flow, ("2", "9")),
        (Update.ALWAYS_HUBSPOT, counting_up, ("2", "20")),
        (Update.TWO_WAY, both_automations, ("2", "9")),
    ],
)
def test_a_field_that_is_changed_back_five_times_is_stopped(
    policy: Update, change_back: Callable[[Pair], None], ends: tuple[str, str]
) -> None:
    """Neither value crosses any more, whoever wins by the policy. The report names the field and no
    value, and nothing is stored again at later looks.
    """
    pair = Pair(policy)
    pair.edit(H, phone="2")
    writes = fight(pair, change_back)
    assert (writes, pair.shown("phone"), pair.loops()) == (5, ends, {tag("phone"): 5})
    assert [(one.code, one.fieldname, one.because) for one in pair.reports] == [
        (FIELD_LOOP, "phone", ("CH-5",))
    ]
    assert not any(value in str(pair.reports) for value in ("'2'", "'9'"))
    link, reports = pair.facts.link, pair.reports
    pair.sync(Cause.AGAIN)
    assert (pair.facts.link, pair.reports, pair.shown("phone")) == (link, reports, ends)


def test_the_other_fields_go_on() -> None:
    """While the phone number is stopped, a new job title crosses and the phone number stays."""
    pair = Pair()
    pair.edit(H, phone="2")
    fight(pair, flow)
    pair.edit(H, jobtitle="Engineer")
    pair.sync()
    assert (pair.shown("jobtitle"), pair.shown("phone")) == (("Engineer", "Engineer"), ("2", "9"))
    assert [one.fieldname for one in pair.reports] == ["phone"]


@pytest.mark.rule("CUR-1")
def test_other_amounts_go_on_while_no_currency_would_be_written() -> None:
    """An amount that is stopped takes others with it only beside a currency."""
    rows = (
        FieldRule("score", "Score__c", form=FieldType.NUMBER, update=Update.ALWAYS_HUBSPOT),
        FieldRule("seats", "Seats__c", form=FieldType.NUMBER),
    )
    pair = Pair()
    pair.ruleset = replace(a_ruleset(field=rows), our_user="")
    pair.edit(H, score="2")
    fight(pair, lambda one: one.edit(S, Score__c=9))
    pair.edit(H, seats="7")
    pair.sync()
    assert pair.written == [(S, "Score__c", 2)] * 5 + [(S, "Seats__c", 7)]
    assert [one.fieldname for one in pair.reports] == ["score"]


def test_two_people_who_edit_in_turn_are_not_stopped() -> None:
    """Four edits against each other within minutes all cross, and so does every edit of one side
    alone; only a value of ours that is changed back counts.
    """
    pair = Pair(Update.TWO_WAY)
    for number in range(20):
        pair.edit(H, phone=f"3{number}")
        pair.sync()
    assert (pair.loops(), pair.shown("phone")) == ({}, ("319", "319"))
    for number in range(2):
        pair.edit(S, Phone=f"4{number}")
        pair.sync()
        pair.edit(H, phone=f"5{number}")
        pair.sync()
    assert (pair.loops(), pair.shown("phone"), pair.reports) == (
        {tag("phone"): 4},
        ("51", "51"),
        [],
    )


@pytest.mark.parametrize(
    "minutes",
    [
        pytest.param(1, id="a minute after our write"),
        pytest.param(-0.005, id="in its second, of which Salesforce shows no fractions"),
    ],
)
def test_a_change_that_a_limit_holds_back_counts_once_however_often_it_is_looked_at(
    minutes: float,
) -> None:
    """A field that nobody writes meanwhile does not loop, even if an earlier write of it by a worker
    that was late may still arrive.
    """
    pair = Pair()
    pair.overlap()
    pair.edit(S, minutes, Phone="9")
    for _ in range(LIMIT + 1):
        pair.sync(holds=frozenset({Hold(S, ChangeLimit.CHANGES)}))
    assert (pair.shown("phone"), pair.loops()) == (("2", "9"), {tag("phone"): 1})
    pair.sync(Cause.RELEASED)
    assert (pair.shown("phone"), pair.reports) == (("2", "2"), [])


@pytest.mark.parametrize(("side", "name"), [(H, "jobtitle"), (S, "Title")])
def test_other_edits_do_not_make_a_change_count_again(side: Side, name: str) -> None:
    """A change back that a limit leaves unanswered counts once, however often another field of
    either record is edited meanwhile.
    """
    pair = Pair()
    pair.overlap()
    flow(pair)
    for number in range(LIMIT + 1):
        pair.edit(side, **{name: f"Pilot {number}"})
        pair.sync(holds=frozenset({Hold(S, ChangeLimit.CHANGES)}))
    assert pair.loops() == {tag("phone"): 1}
    assert FIELD_LOOP not in {one.code for one in pair.reports}


def test_edits_of_one_side_after_two_workers_wrote_it_at_once_all_cross() -> None:
    """The first of them changes our write, and no later one does, as nothing of ours follows it
    there.
    """
    pair = Pair(Update.TWO_WAY)
    pair.overlap()
    for number in range(2 * LIMIT):
        pair.edit(S, Phone=f"4{number}")
        pair.sync()
    assert (pair.loops(), pair.shown("phone"), pair.reports) == (
        {tag("phone"): 1},
        ("49", "49"),
        [],
    )


def test_a_loop_that_begins_with_two_workers_at_once_is_stopped_as_any_other() -> None:
    """At the fifth change, the first of which follows the later of the two writes."""
    pair = Pair()
    pair.overlap()
    flow(pair)
    assert (fight(pair, flow), pair.loops()) == (LIMIT - 1, {tag("phone"): LIMIT})


def test_a_clock_of_a_crm_that_is_ahead_hides_no_loop() -> None:
    """Each change back seems to be later than the write of ours that answers it."""

    def flow_ahead(one: Pair) -> None:
        one.edit(S, 3, Phone="9")
        one.stand_still(-2.5)

    pair = Pair()
    pair.edit(H, phone="2")
    assert (fight(pair, flow_ahead), pair.loops()) == (LIMIT, {tag("phone"): LIMIT})


@pytest.mark.parametrize(
    ("rounds", "down"),
    [
        pytest.param(LIMIT, lambda pair: pair.edit(H, 180, jobtitle="Engineer"), id="read late"),
        pytest.param(3, lambda pair: pair.stand_still(180), id="written late"),
        pytest.param(3, lambda pair: pair.lose_a_write(180), id="never written"),
    ],
)
def test_a_row_goes_on_after_an_outage(rounds: int, down: Callable[[Pair], None]) -> None:
    """What counts is how soon after our write a field was changed back, not how long it takes until
    crmsync can read that change or answer it.
    """
    pair = Pair()
    pair.edit(H, phone="2")
    fight(pair, flow, rounds)
    down(pair)
    fight(pair, flow)
    pair.sync(Cause.AGAIN)
    assert (len(pair.phones_written()), pair.loops()) == (LIMIT, {tag("phone"): LIMIT})
    assert [one.code for one in pair.reports] == [FIELD_LOOP]


def test_changes_an_hour_apart_are_no_loop() -> None:
    """A field that is changed back once in two hours is written each time, and counts only from
    the last quiet hour on.
    """
    pair = Pair()
    pair.edit(H, phone="2")
    assert fight(pair, lambda one: one.edit(S, 120, Phone="9"), rounds=12) == 12
    assert pair.loops() == {}
    pair = Pair()
    pair.edit(H, phone="2")
    fight(pair, flow, rounds=4)
    pair.sync()
    pair.edit(H, 180, phone="4")
    pair.sync()
    assert (pair.loops(), pair.shown("phone")) == ({}, ("4", "4"))


def test_an_edit_an_hour_later_tries_once_more() -> None:
    """If nobody changes it back, the field is in step and forgotten an hour later; if somebody
    does, that one change stops it again.
    """
    pair = Pair()
    pair.edit(H, phone="2")
    fight(pair, flow)
    pair.edit(H, 30, jobtitle="Engineer")
    pair.sync()
    assert pair.shown("phone") == ("2", "9")
    pair.edit(H, 60, phone="3")
    assert fight(pair, flow) == 1
    assert (pair.shown("phone"), pair.loops()) == (("3", "9"), {tag("phone"): 5})

    pair.edit(H, 90, phone="4")
    pair.sync()
    assert (pair.shown("phone"), pair.reports, pair.loops()) == (
        ("4", "4"),
        [],
        {tag("phone"): 4},
    )
    pair.edit(H, 90, phone="5")
    pair.sync()
    assert (pair.shown("phone"), pair.loops()) == (("5", "5"), {})


def test_the_operator_may_retry_at_once() -> None:
    """A retry writes the field although the hour is not over."""
    pair = Pair()
    pair.edit(H, phone="2")
    fight(pair, flow)
    pair.sync(Cause.RELEASED)
    assert (pair.shown("phone"), pair.reports, pair.loops()) == (
        ("2", "2"),
        [],
        {tag("phone"): 4},
    )


def test_a_field_that_agrees_again_is_forgotten() -> None:
    """Somebody enters the same value on both sides, or takes the field's edit back: there is
    nothing left to stop.
    """
    for value in ("2", "1"):
        pair = Pair()
        pair.edit(H, phone="2")
        fight(pair, flow)
        pair.edit(S, Phone=value)
        pair.edit(H, phone=value)
        pair.sync()
        assert (pair.shown("phone"), pair.reports, pair.loops()) == ((value, value), [], {})


def test_a_fifth_change_that_leaves_nothing_to_write_stops_nothing() -> None:
    """Both sides show the same after it: one more look stores nothing, and the next change back
    within the hour stops the field.
    """
    pair = Pair()
    pair.edit(H, phone="2")
    for _ in range(LIMIT - 1):
        pair.sync()
        flow(pair)
    pair.sync()
    pair.edit(S, Phone="3")
    pair.edit(H, phone="3")
    pair.sync()
    link = pair.facts.link

    pair.sync()
    assert (pair.facts.link, pair.loops(), pair.reports) == (link, {tag("phone"): LIMIT - 1}, [])

    pair.edit(H, phone="4")
    pair.sync()
    flow(pair)
    pair.sync()
    assert [one.code for one in pair.reports] == [FIELD_LOOP]


@pytest.mark.rule("Q-18")
@pytest.mark.parametrize(
    ("side", "first", "agreed"),
    [
        (H, {"hubspot_owner_id": "1"}, ("1", "005J")),
        (S, {"OwnerId": "005A"}, ("2", "005A")),
    ],
)
def test_an_owner_that_is_changed_back_is_stopped(
    side: Side, first: Mapping[str, str], agreed: tuple[str, str]
) -> None:
    """Two rules that each assign the record to another owner end as well: the link keeps both
    owners as they were agreed on last, and HubSpot shows who owns the Salesforce record.
    """
    pair = Pair()
    pair.ruleset = replace(
        pair.ruleset,
        owners=OwnerMatches({"1": "005J", "2": "005A"}, {"005J": "1", "005A": "2"}),
    )

    def assign_again(one: Pair) -> None:
        owners = [side for side, name, _ in one.written if name in {"OwnerId", "hubspot_owner_id"}]
        if owners[-1] is S:
            one.edit(S, OwnerId="005A")
        else:
            one.edit(H, hubspot_owner_id="1")

    pair.edit(side, **first)
    fight(pair, assign_again)
    assert pair.facts.link is not None
    assert pair.shown("hubspot_owner_id") == ("1", "005A")
    assert pair.shown("crmsync_owner_id") == ("005A", "005A")
    assert (pair.facts.link.owners, pair.loops()) == (agreed, {tag("hubspot_owner_id"): 5})
    assert [one.fieldname for one in pair.reports] == ["hubspot_owner_id"]


def test_an_opt_out_is_never_stopped() -> None:
    """A flow that keeps taking the tick away does not win over a contact that is unsubscribed."""
    pair = Pair()
    pair.edit(H, hs_email_optout="true")
    assert fight(pair, lambda one: one.edit(S, HasOptedOutOfEmail=False), rounds=12) == 12
    assert pair.reports == []


def test_a_write_that_never_arrived_is_nobodys_change() -> None:
    """The state of a link says how often in a row, and only what arrived counts."""
    pair = Pair()
    pair.edit(H, phone="2")
    pair.sync()
    assert pair.facts.link is not None
    pair.facts = replace(
        pair.facts,
        salesforce=pair.facts.salesforce
        and a_lead({"Phone": "1", "Title": "Pilot", "OwnerId": ""}, key=KEY),
    )
    pair.sync()
    assert (pair.loops(), pair.shown("phone")) == ({}, ("2", "2"))


@pytest.mark.parametrize("first", ["2", "40"], ids=["what was lost", "another value"])
def test_edits_of_one_side_after_a_write_that_was_lost_all_cross(first: str) -> None:
    """A person's edits on the side that the write never reached change nothing of ours back."""
    pair = Pair(Update.TWO_WAY)
    pair.edit(H, phone="3")
    pair.sync()
    pair.edit(H, phone="2")
    before = pair.facts.salesforce
    pair.sync()
    pair.facts = replace(pair.facts, salesforce=before)
    for number in (first, *(f"4{at}" for at in range(1, 3 * LIMIT))):
        pair.edit(S, Phone=number)
        pair.sync()
    assert (pair.loops(), pair.shown("phone"), pair.reports) == ({}, ("414", "414"), [])


def test_the_stored_state_is_small() -> None:
    """A count and a time to the millisecond, in seven bytes."""
    state = LoopState(5, NOON)
    assert (LoopState.from_bytes(state.to_bytes()), len(state.to_bytes())) == (state, 7)

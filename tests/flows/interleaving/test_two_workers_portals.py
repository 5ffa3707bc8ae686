"""Two HubSpot accounts on one org, with a worker of each at one lead, one of them stopped or killed
at every call: all three records agree.
"""

from __future__ import annotations

import pytest

from crmsync.flows.kinds.contact import sync_contacts
from crmsync.model.changes import redelivered
from crmsync.model.records import Ref
from tests.flows.interleaving.gate import VISIBILITY_MINUTES, Gate, KilledError, with_gate
from tests.flows.operator.test_two_accounts import Account, shared, sync_all, writes

BOTH = (("2",) * 3, ("3",) * 3)
"""What the three records show in the end if acme sets the phone to 2 and beta the job title to 3."""

PHONES = {phone: ((phone,) * 3, ("0",) * 3) for phone in ("2", "3")}
"""What the three records show if both edit the phone and acme's 2 or beta's 3 stays."""


def contact_in_both() -> tuple[Account, Account, Ref, Ref]:
    """Two accounts on one org, and each account's contact of one lead; all three records show phone
    1 and job title 0.

    Acme has overwritten the job title, which was 3, in Salesforce.
    """
    acme, beta = shared()
    first = acme.new_contact(phone="1", jobtitle="3")
    sync_all(acme, beta)
    (second,) = beta.hubspot.refs("contact")
    acme.wait()
    acme.hubspot.edit(first, {"jobtitle": "0"})
    sync_all(acme, beta)
    acme.wait()
    return acme, beta, first, second


def run_interleaving(
    point: int | None, newer: str, *, kills: bool
) -> tuple[Gate, tuple[object, ...], bool]:
    """Stop acme's worker at a point and run beta's; the gate, what the three records show, and
    whether nothing more is written.
    """
    acme, beta, first, second = contact_in_both()
    (lead,) = acme.salesforce.refs("Lead")
    acme.hubspot.edit(first, {"phone": "2"})
    change = acme.change(first)

    def happens() -> None:
        acme.wait()
        beta.hubspot.edit(second, {newer: "3"})
        sync_contacts([beta.change(second)], beta.context)

    gate = Gate(point, happens, kills=kills)
    try:
        sync_contacts([change], with_gate(acme.context, gate))
        gate.reach("end")
    except KilledError:
        acme.wait(VISIBILITY_MINUTES)
        sync_contacts([redelivered(change)], acme.context)
    sync_all(acme, beta)
    sync_all(acme, beta)
    field = {"phone": "Phone", "jobtitle": "Title"}
    shown = tuple(
        (
            acme.hubspot.fields(first).get(one),
            acme.salesforce.fields(lead).get(field[one]),
            beta.hubspot.fields(second).get(one),
        )
        for one in field
    )
    before = writes(acme, beta)
    sync_all(acme, beta)
    parked = bool(acme.inbox.parked("acme") or acme.inbox.parked("beta"))
    alone = (
        len(acme.salesforce.refs("Lead"))
        == len(beta.hubspot.refs("contact"))
        == len(acme.hubspot.refs("contact"))
        == 1
    )
    return gate, shown, writes(acme, beta) == before and not parked and alone


@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize("kills", [False, True])
def test_edits_of_different_fields_in_two_accounts_are_both_kept(*, kills: bool) -> None:
    """All three records show both edits, wherever acme's worker was stopped or killed."""
    points = len(run_interleaving(None, "jobtitle", kills=False)[0].calls)
    played = {
        point: run_interleaving(point, "jobtitle", kills=kills)[1:] for point in range(points)
    }

    assert {point: one for point, one in played.items() if one != (BOTH, True)} == {}


@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize("kills", [False, True])
def test_of_one_field_all_three_show_the_newer_edit(*, kills: bool) -> None:
    """The older edit stays only if acme's worker read the lead before beta's edit and wrote it
    afterwards, which it may.
    """
    calls = run_interleaving(None, "phone", kills=False)[0].calls
    played = {
        point: run_interleaving(point, "phone", kills=kills)[1:] for point in range(len(calls))
    }
    overtaken = (
        range(0)
        if kills
        else range(calls.index("salesforce.read") + 1, calls.index("salesforce.update") + 1)
    )

    allowed = {
        point: {PHONES["3"]} | ({PHONES["2"]} if point in overtaken else set()) for point in played
    }
    assert {
        point: one for point, one in played.items() if one[0] not in allowed[point] or not one[1]
    } == {}
    newer = sum(one[0] == PHONES["3"] for one in played.values())
    print(f"two portals, dies {kills}: {len(calls)} points; the newer edit stays at {newer}")  # noqa: T201

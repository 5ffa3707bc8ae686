"""Which records a plan may release, so that those that wait for them are synced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.flows.engine.planning import releases
from crmsync.model.effects import Effect, SaveLink, UpdateRecord
from crmsync.model.links import LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Side
from tests.plans.contact_facts import linked

PAIR = linked()
PLACES = [PAIR.hubspot.ref, PAIR.hubspot.ref, PAIR.salesforce.ref]
MATCHED_BY = {Side.HUBSPOT: "email", Side.SALESFORCE: "Email"}


@pytest.mark.parametrize(
    ("effects", "released"),
    [
        ((), []),
        ((SaveLink(PAIR.link),), []),
        ((SaveLink(replace(PAIR.link, state=LinkState.TOMBSTONE)),), PLACES),
        ((UpdateRecord(PAIR.hubspot.ref, Side.HUBSPOT, {"phone": "0100"}),), []),
        (
            (SaveLink(PAIR.link), UpdateRecord(PAIR.hubspot.ref, Side.HUBSPOT, {"email": None})),
            PLACES,
        ),
        ((UpdateRecord(PAIR.salesforce.ref, Side.SALESFORCE, {"Email": None}),), PLACES),
    ],
)
def test_a_write_of_the_address_releases_a_pair(
    effects: tuple[Effect, ...], released: list[object]
) -> None:
    """Also where the link has announced the address already, as an earlier try failed after that; so
    does the end of the link.
    """
    assert releases(PAIR, Plan(effects), MATCHED_BY, for_another=True) == released

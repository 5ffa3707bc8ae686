"""How state and country fit the picklists of an org."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from crmsync.model.kinds.places import Places
from crmsync.rules.fields.places import fitted
from crmsync.rules.merge.record import merge_pair
from tests.builders import LEAD_ID, a_contact, a_lead, a_ruleset

PLACES = Places(
    {
        "us": "United States",
        "united states": "United States",
        "de": "Germany",
        "germany": "Germany",
    },
    {"United States": {"ny": "New York", "new york": "New York"}},
)
NEW_YORK = {"State": "New York", "Country": "United States"}


@pytest.mark.rule("FLD-2")
@pytest.mark.parametrize(
    ("fields", "shown", "names", "unfit"),
    [
        ({"State": " ny ", "Country": "US"}, {}, NEW_YORK, set()),
        ({"State": "NY"}, NEW_YORK, {"State": "New York"}, set()),
        ({"State": "NY"}, {}, {}, {"State"}),
        ({"State": "Bavaria", "Country": "DE"}, {}, {"Country": "Germany"}, {"State"}),
        ({"State": "Bavaria", "Country": "DE"}, NEW_YORK, {}, {"State", "Country"}),
        ({"Country": "Germany"}, NEW_YORK, {}, {"Country"}),
        (
            {"State": None, "Country": "Germany"},
            NEW_YORK,
            {"State": None, "Country": "Germany"},
            set(),
        ),
        ({"State": "NY", "Country": "Utopia"}, {}, {}, {"State", "Country"}),
        ({"State": None, "Country": None}, NEW_YORK, {"State": None, "Country": None}, set()),
        ({"Country": None}, NEW_YORK, {}, {"Country"}),
        ({"City": "Graz"}, {}, {}, set()),
    ],
    ids=lambda one: str(sorted(one) if isinstance(one, set | frozenset) else one),
)
def test_a_place_is_written_by_its_name_or_left_out(
    fields: Mapping[str, str | None],
    shown: Mapping[str, str],
    names: Mapping[str, str | None],
    unfit: set[str],
) -> None:
    """A state needs its country, and a country removes a state that is not its own, in every
    address.
    """
    assert fitted(fields, shown, PLACES) == (names, unfit)
    prefixed = [
        {f"Mailing{name}": value for name, value in one.items()} for one in (fields, shown, names)
    ]
    assert fitted(prefixed[0], prefixed[1], PLACES) == (
        prefixed[2],
        {f"Mailing{name}" for name in unfit},
    )


def test_an_org_without_lists_takes_any_text() -> None:
    """Without picklists an unknown country is written like any text, and with them it is left
    out.
    """
    hubspot, lead = a_contact({"country": "Utopia"}, salesforce_id=LEAD_ID), a_lead()
    written = [
        merge_pair(hubspot, lead, None, replace(a_ruleset(), places=places)).to_salesforce
        for places in (None, PLACES)
    ]
    assert written == [{"Country": "Utopia"}, {}]

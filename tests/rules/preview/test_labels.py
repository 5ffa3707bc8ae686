"""What a person recognises a record by."""

from __future__ import annotations

import pytest

from crmsync.model.concerns import KIND_OF
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.preview.labels import LABEL_FIELDS, label_of
from tests.builders import NOON

LABELS: dict[str, tuple[Side, str, dict[str, Value], str]] = {
    "a person": (
        Side.HUBSPOT,
        "contact",
        {"firstname": "Ada", "lastname": "Lang", "email": "ada@example.com"},
        "Ada Lang, ada@example.com",
    ),
    "a call": (Side.HUBSPOT, "call", {"hs_call_title": " First talk "}, "First talk"),
    "a note": (
        Side.HUBSPOT,
        "note",
        {"hs_note_body": f"<p>Wants a <b>quote</b>{'!' * 90}</p><p>Soon.</p>"},
        f"Wants a quote{'!' * 67}",
    ),
    "an event": (Side.SALESFORCE, "Event", {"Subject": "Offer"}, "Offer"),
    "nothing": (Side.HUBSPOT, "note", {"hs_note_body": None}, ""),
}


@pytest.mark.parametrize(("side", "name", "fields", "label"), LABELS.values(), ids=LABELS)
def test_a_label_is_what_the_record_has(
    side: Side, name: str, fields: dict[str, Value], label: str
) -> None:
    """Of a note, which has no title, it is the first line without markup, cut to 80 characters."""
    assert label_of(Record(Ref(side, name, "1"), fields, NOON, NOON)) == label


def test_every_object_that_syncs_has_a_label() -> None:
    """None has been forgotten, so that none is searched for in vain."""
    assert {side: set(one) for side, one in LABEL_FIELDS.items()} == {
        side: set(one) for side, one in KIND_OF.items()
    }

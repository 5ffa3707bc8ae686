"""A mapping is made once for the same rows and further fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crmsync.model.fields import ComparedFormat, FieldRule, FieldType, Update
from crmsync.rules.merge.ruleset import object_mapping

PHONE = FieldRule("phone", "Phone", form=FieldType.PHONE, length=40)
STAGE = {"dealstage": FieldType.TEXT}
AMOUNT = {"Amount": ComparedFormat(FieldType.NUMBER)}


def test_same():
    """Equal rows and fields, made anew, get the same mapping."""
    first = object_mapping((PHONE,), STAGE, AMOUNT)
    again = object_mapping(
        (replace(PHONE),), dict(STAGE), {"Amount": ComparedFormat(FieldType.NUMBER)}
    )
    assert again is first


@pytest.mark.parametrize(
    ("rows", "hubspot", "salesforce"),
    [
        ((replace(PHONE, length=20),), STAGE, AMOUNT),
        ((replace(PHONE, update=Update.NEVER),), STAGE, AMOUNT),
        ((replace(PHONE, since=datetime(2026, 11, 2, tzinfo=UTC)),), STAGE, AMOUNT),
        ((PHONE,), {}, AMOUNT),
        ((PHONE,), STAGE, {}),
        ((PHONE,), STAGE, {"Amount": ComparedFormat(FieldType.NUMBER, scale=2)}),
        ((PHONE,), STAGE, {"Amount": ComparedFormat(FieldType.NUMBER, same={"a": "b"})}),
    ],
)
def test_other(rows, hubspot, salesforce):
    """Whatever a mapping is made of, another one gets a mapping of its own."""
    first = object_mapping((PHONE,), STAGE, AMOUNT)
    assert object_mapping(rows, hubspot, salesforce) != first

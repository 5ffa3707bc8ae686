"""What an operator's mapping rows must not do, whatever the two schemas look like (MAP-5, MAP-8,
OPT-2, FLD-5).

Pure: rows in, objections out. Whether the types go together depends on the live schemas and is not
decided here (MAP-7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model.crm_names import (
    DEAL_STAGE,
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PIPELINE,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.fields import FieldRule, Update
from crmsync.model.names import HUBSPOT_KEY, SALESFORCE_KEY

_OWN_PREFIX_HUBSPOT = HUBSPOT_KEY.partition("_")[0] + "_"
_OWN_PREFIX_SALESFORCE = SALESFORCE_KEY.partition("_")[0].lower() + "_"


@dataclass(frozen=True, slots=True)
class Objection:
    """A mapping row that is not allowed.

    Attributes:
        row: The row's number.
        key: The cell at fault: ``hubspot``, ``salesforce`` or ``update``.
        sentence: What is wrong.
        rule: The rule behind it.
    """

    row: int
    key: str
    sentence: str
    rule: str


FoundObjection: TypeAlias = tuple[str, str, str] | None
"""The cell at fault, the sentence and the rule; None where nothing is wrong."""


DEALS_RULED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        DEAL_STAGE: (
            "dealstage goes with StageName, by the pipelines that crmsync keeps in step",
            "OPP-5",
        ),
        "stagename": (
            "StageName goes with dealstage, by the pipelines that crmsync keeps in step",
            "OPP-5",
        ),
        PIPELINE: ("pipeline goes with RecordTypeId", "OPP-6"),
        "recordtypeid": ("RecordTypeId goes with pipeline", "OPP-6"),
        "deal_currency_code": (
            "deal_currency_code goes with CurrencyIsoCode where the org has several currencies",
            "CUR-1",
        ),
        "currencyisocode": (
            "CurrencyIsoCode goes with deal_currency_code where the org has several currencies",
            "CUR-1",
        ),
    }
)
"""Properties and fields of deals and opportunities that have a rule of their own, in lowercase ->
what it says, and its id.
"""

ACTIVITIES_RULED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "whoid": ("WhoId follows the associations", "ACT-5"),
        "whatid": ("WhatId follows the associations", "ACT-5"),
        **dict.fromkeys(
            (HUBSPOT_OWNER, SALESFORCE_OWNER.lower()),
            ("the owner of an activity crosses by the setting owner of its kind", "ACT-6"),
        ),
        **dict.fromkeys(
            ("tasksubtype", "eventsubtype"),
            ("a task is of the subtype of its kind for ever", "ACT-2"),
        ),
        **dict.fromkeys(
            ("isalldayevent", "activitydatetime", "durationinminutes"),
            ("an event lasts from StartDateTime to EndDateTime", "ACT-4"),
        ),
        **dict.fromkeys(
            ("isprivate", "isrecurrence", "ischild"),
            ("a private or recurring event and an invitee's copy are left alone", "ACT-3"),
        ),
    }
)
"""The same for activities, tasks and events."""


def object_to(
    rows: Sequence[FieldRule],
    defaults: Iterable[FieldRule],
    *,
    reference: str = "",
    ruled: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> Iterator[Objection]:
    """What is wrong with `rows`, at most one objection each, in their order.

    Args:
        rows: The operator's rows.
        defaults: The object's default rows. A row that names one of their pairs only changes its
            policy; a row that pairs one half of them with something else maps it twice (MAP-8).
        reference: The field that refers to a parent record and takes no text (FLD-5).
        ruled: The properties and fields with a rule of their own, as in `DEALS_RULED` (FLD-10).
    """
    defaults = tuple(defaults)
    for number, row in enumerate(rows):
        for verdict in (
            _reserved(row, reference),
            _ruled(row, ruled),
            _mapped_by_default(row, defaults),
            _mapped_above(row, rows[:number], defaults),
        ):
            if verdict is not None:
                yield Objection(number, *verdict)
                break


def is_pair(row: FieldRule, other: FieldRule) -> bool:
    """Whether both rows name the same property and the same field; Salesforce's names are
    case-insensitive.
    """
    return row.hubspot == other.hubspot and _same_field(row, other)


def _same_field(row: FieldRule, other: FieldRule) -> bool:
    return row.salesforce.lower() == other.salesforce.lower()


def _reserved(row: FieldRule, reference: str) -> FoundObjection:
    return next(
        (
            verdict
            for verdict in (_opt_out(row), _own(row), _owner(row), _parent(row, reference))
            if verdict
        ),
        None,
    )


def _opt_out(row: FieldRule) -> FoundObjection:
    names = (HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT.lower())
    if row.hubspot != names[0] and row.salesforce.lower() != names[1]:
        return None
    return (
        "hubspot" if row.hubspot == names[0] else "salesforce",
        (
            f"{HUBSPOT_OPT_OUT} always goes with {SALESFORCE_OPT_OUT}; no mapping can change or "
            "weaken that"
        ),
        "OPT-2",
    )


def is_own_property(name: str) -> bool:
    """Whether a HubSpot property is one of ours."""
    return name.startswith(_OWN_PREFIX_HUBSPOT)


def is_own_field(name: str) -> bool:
    """Whether a Salesforce field is one of ours."""
    return name.lower().startswith(_OWN_PREFIX_SALESFORCE)


def _own(row: FieldRule) -> FoundObjection:
    if is_own_property(row.hubspot):
        return (
            "hubspot",
            f"{row.hubspot} is one of crmsync's own properties and cannot be mapped",
            "MAP-8",
        )
    if is_own_field(row.salesforce):
        return (
            "salesforce",
            f"{row.salesforce} is one of crmsync's own fields and cannot be mapped",
            "MAP-8",
        )
    return None


def _owner(row: FieldRule) -> FoundObjection:
    halves = (row.hubspot == HUBSPOT_OWNER, row.salesforce.lower() == SALESFORCE_OWNER.lower())
    if not any(halves):
        return None
    if not all(halves):
        cell = "hubspot" if halves[0] else "salesforce"
        return cell, f"{HUBSPOT_OWNER} goes with {SALESFORCE_OWNER} and with nothing else", "MAP-5"
    if row.update is not Update.TWO_WAY:
        return "update", f"the owner mapping is always two_way, it cannot be {row.update}", "MAP-5"
    return None


def _parent(row: FieldRule, reference: str) -> FoundObjection:
    if not reference or row.salesforce.lower() != reference.lower():
        return None
    return (
        "salesforce",
        f"{reference} refers to an account record; {row.hubspot} cannot be written to it",
        "FLD-5",
    )


def _ruled(row: FieldRule, ruled: Mapping[str, tuple[str, str]]) -> FoundObjection:
    for cell, name in (("hubspot", row.hubspot), ("salesforce", row.salesforce.lower())):
        if name in ruled:
            sentence, rule = ruled[name]
            return cell, f"{sentence}; no mapping can change that", rule
    return None


def _mapped_by_default(row: FieldRule, defaults: Sequence[FieldRule]) -> FoundObjection:
    if any(is_pair(row, rule) for rule in defaults):
        return None
    for rule in defaults:
        if rule.hubspot == row.hubspot:
            return (
                "hubspot",
                f"{row.hubspot} is mapped already: by default it goes with {rule.salesforce}",
                "MAP-8",
            )
        if _same_field(row, rule):
            return (
                "salesforce",
                f"{row.salesforce} is mapped already: by default {rule.hubspot} goes with it",
                "MAP-8",
            )
    return None


def _mapped_above(
    row: FieldRule, above: Sequence[FieldRule], defaults: Sequence[FieldRule]
) -> FoundObjection:
    """The same property or field in an earlier row; the default pairs of lead and contact may share
    a property.
    """
    is_default = any(is_pair(row, rule) for rule in defaults)
    for other in above:
        if is_pair(row, other):
            return "hubspot", f"{row.hubspot} and {row.salesforce} are mapped twice", "MAP-8"
        if is_default and any(is_pair(other, rule) for rule in defaults):
            continue
        if row.hubspot == other.hubspot:
            return (
                "hubspot",
                f"{row.hubspot} is mapped twice: above it goes with {other.salesforce}",
                "MAP-8",
            )
        if _same_field(row, other):
            return (
                "salesforce",
                f"{row.salesforce} is mapped twice: above {other.hubspot} goes with it",
                "MAP-8",
            )
    return None

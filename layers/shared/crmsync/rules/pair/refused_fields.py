"""One field that a CRM refuses is left out and told, the rest of the record is written (CH-8):
which fields, and what the link says then.

The side that refused keeps its own value. In its base that value is fingerprinted as one beside
which the other side was left with another, so it is no edit that would cross back; the refused
value counts as agreed on, and is tried again once either side changes, or by a resync.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from crmsync.errors import Refused
from crmsync.model.crm_names import ACCOUNT, HUBSPOT_EMAIL, SALESFORCE_CONTACT, SALESFORCE_EMAIL
from crmsync.model.effects import Category, CreateRecord, Report, UpdateRecord
from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.links import Link, tags
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import OnRefusedField
from crmsync.rules.fields.maps import CURRENCY
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.reports import category_of

AnyWrite = TypeVar("AnyWrite", CreateRecord, UpdateRecord)

_IDENTITY = frozenset({HUBSPOT_EMAIL, SALESFORCE_EMAIL})
"""What a new record is known by: without it none is made."""

_STATE, _COUNTRY, _CODE = "State", "Country", "Code"
_ADDRESS = ("Street", "City", _STATE, "PostalCode", _COUNTRY)


def skips_fields(ruleset: Ruleset) -> bool:
    """Whether the connection has a refused field left out, by the section of the book's kind."""
    connection = ruleset.connection
    settings = {
        Kind.CONTACT: connection.contacts.on_refused_field,
        Kind.ACCOUNT: connection.companies.on_refused_field,
        Kind.OPPORTUNITY: connection.deals.on_refused_field,
    }
    return settings[ruleset.kind] is OnRefusedField.SKIP


def left_out(
    effect: CreateRecord | UpdateRecord, error: Refused, salesforce: Ref | None, ruleset: Ruleset
) -> frozenset[str]:
    """The fields of a refused write, by the names in it, without which it is worth a second try;
    none where that cannot be told.

    `salesforce` is the record of the pair there, None where it is being made. Only mapped fields
    are left out: never an owner, a stage, a parent, an opt-out or an id of ours. A state and its
    country go together, as Salesforce takes neither alone. Nothing is left out of a write that
    would give an amount another currency, or a currency another amount.
    """
    if category_of(error.code) is not Category.VALIDATION:
        return frozenset()
    known = _rules_sent(effect, salesforce, ruleset)
    if isinstance(effect, CreateRecord):
        known = {
            name: rule for name, rule in known.items() if rule.on(effect.side) not in _IDENTITY
        }
    found = {name for told in error.fieldnames for name in _meant(told, known)}
    found |= {twin for name in found if (twin := _twin(name)) in known}
    if not found or not found < _proper(effect, ruleset) or _takes_money_apart(found, known):
        return frozenset()
    return frozenset(found)


def left_apart(
    link: Link,
    effect: CreateRecord | UpdateRecord,
    fields: Collection[str],
    shown: Record,
    salesforce: Record,
    ruleset: Ruleset,
) -> Link:
    """The link as it must be stored where the fields of a write are left out; `shown` is the
    record, which keeps its own values in them.
    """
    side = effect.side
    rules = _rules_sent(effect, salesforce.ref, ruleset)
    ours = [rules[name].on(side) for name in fields if name in rules]
    values = {name: shown.fields.get(name) for name in ours}
    base = rebased(
        link.base(side),
        ruleset.mapping_of(salesforce).forms(side),
        values,
        ruleset.fingerprinter.of(link.key),
        ours,
    )
    if side is Side.HUBSPOT:
        return replace(link, hubspot_base=base)
    return replace(link, salesforce_base=base, wrote=link.wrote - tags(ours))


def without(effect: AnyWrite, fields: Collection[str]) -> AnyWrite:
    """The write without these fields."""
    return replace(
        effect, fields={name: value for name, value in effect.fields.items() if name not in fields}
    )


def report(ref: Ref, error: Refused, fields: Iterable[str]) -> Report:
    """What people are told of fields that were left out: what is kept of the CRM's own words."""
    end = "" if error.text.endswith((".", "!", "?", "…")) else "."
    text = f"{error.text}{end} The field was left out, the rest of the record is in step."
    return Report(ref, Category.VALIDATION, text, ", ".join(sorted(fields)), error.hint, ("CH-8",))


def _proper(effect: CreateRecord | UpdateRecord, ruleset: Ruleset) -> frozenset[str]:
    """The fields that a write is made for: all but the revision that it carries, a person's by the
    name that its account has for it.
    """
    revision = ruleset.revision_field(effect.side)
    return frozenset(effect.fields) - {revision, account_field(revision)}


def _rules_sent(
    effect: CreateRecord | UpdateRecord, salesforce: Ref | None, ruleset: Ruleset
) -> Mapping[str, FieldRule]:
    """The mapped fields of a write, by the name in it: a person's own are written through its
    account, under names of that (PA-3).
    """
    is_person = (
        isinstance(effect, UpdateRecord)
        and isinstance(effect.place, Ref)
        and salesforce is not None
        and effect.side is Side.SALESFORCE
        and (effect.place.object, salesforce.object) == (ACCOUNT, SALESFORCE_CONTACT)
    )
    rules: dict[str, FieldRule] = {}
    for name, mapping in ruleset.mappings.items():
        if salesforce is None or name == salesforce.object:
            for rule in mapping.field_map:
                mine = rule.on(effect.side)
                rules[account_field(mine) if is_person else mine] = rule
    return {name: rule for name, rule in rules.items() if name in effect.fields}


def _takes_money_apart(found: Collection[str], known: Mapping[str, FieldRule]) -> bool:
    """Whether a currency would be written without an amount that goes with it, or the other way
    round (CUR-1).
    """
    currencies = {name for name, rule in known.items() if rule.salesforce == CURRENCY.salesforce}
    return any(
        name in currencies or (bool(currencies) and known[name].form is FieldType.NUMBER)
        for name in found
    )


def _meant(told: str, known: Collection[str]) -> Iterator[str]:
    """Which of the `known` fields a CRM means by the name `told`.

    Its capitals may differ; it may speak of the contact behind a person account, of the code of a
    state or country, of a whole address.
    """
    plain = told.removesuffix(_CODE)
    prefix = told.removesuffix("Address")
    parts = [prefix + part for part in _ADDRESS] if prefix != told else []
    wanted = [told, plain, *parts]
    wanted += [account_field(one) for one in wanted]
    for name in known:
        if name.lower() in {one.lower() for one in wanted}:
            yield name


def _twin(name: str) -> str:
    """The country of a state and the state of a country, of the same address; "" for any other
    field.
    """
    for one, other in ((_STATE, _COUNTRY), (_COUNTRY, _STATE)):
        if name.endswith(one):
            return name.removesuffix(one) + other
    return ""

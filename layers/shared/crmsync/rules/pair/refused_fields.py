"""Leave a field out of a write that a CRM refuses because of it, and write the rest of the record
(CH-8): which fields to leave out, and the link to store then.

The side that refused keeps its own value. In its base this value is stored as diverged from the
other side's, so it does not count as an edit and does not cross back. The refused value counts as
agreed on; it is tried again after an edit on either side, or by a resync.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from crmsync.errors import Refused
from crmsync.model.crm_names import ACCOUNT, HUBSPOT_EMAIL, SALESFORCE_CONTACT, SALESFORCE_EMAIL
from crmsync.model.decisions import Decision, DecisionType
from crmsync.model.effects import Category, CreateRecord, Report, UpdateRecord
from crmsync.model.fields import FieldRule, FieldType
from crmsync.model.fingerprints import tags
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import OnRefusedField
from crmsync.rules.fields.maps import CURRENCY
from crmsync.rules.merge.baseline import rebased
from crmsync.rules.merge.person_accounts import account_field
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.refusals.table import category_of

AnyWrite = TypeVar("AnyWrite", CreateRecord, UpdateRecord)

_IDENTITY = frozenset({HUBSPOT_EMAIL, SALESFORCE_EMAIL})
"""What a new record is known by: without it none is made."""

_BETWEEN = ", "
"""Between the names of the fields that one report is about."""

_STATE, _COUNTRY, _CODE = "State", "Country", "Code"
_ADDRESS = ("Street", "City", _STATE, "PostalCode", _COUNTRY)


def skips_fields(ruleset: Ruleset) -> bool:
    """Whether the connection leaves refused fields out, by the settings of the ruleset's kind."""
    connection = ruleset.connection
    settings = {
        Kind.CONTACT: connection.contacts.on_refused_field,
        Kind.ACCOUNT: connection.companies.on_refused_field,
        Kind.OPPORTUNITY: connection.deals.on_refused_field,
        Kind.ACTIVITY: OnRefusedField.SKIP,
    }
    return settings[ruleset.kind] is OnRefusedField.SKIP


def left_out(
    effect: CreateRecord | UpdateRecord, error: Refused, salesforce: Ref | None, ruleset: Ruleset
) -> frozenset[str]:
    """The fields to leave out of a refused write before it is tried again, by the names in the
    write; empty where the error does not say which.

    `salesforce` is the Salesforce record of the pair, None where it is being created. Only mapped
    fields are left out: never an owner, a stage, a parent, an opt-out or an id of ours. A state and
    its country are left out together, as Salesforce takes neither alone. Nothing is left out if an
    amount would get another currency, or a currency another amount.
    """
    if category_of(error.code) is not Category.VALIDATION:
        return frozenset()
    known = _rules_sent(effect, salesforce, ruleset)
    if isinstance(effect, CreateRecord):
        known = {
            name: rule for name, rule in known.items() if rule.on(effect.side) not in _IDENTITY
        }
    found = {name for field in error.fieldnames for name in _meant(field, known)}
    found |= {twin for name in found if (twin := _twin(name)) in known}
    if (
        not found
        or not found < _proper(effect, ruleset)
        or _separates_amount_and_currency(found, known)
    ):
        return frozenset()
    return frozenset(found)


def diverged_link(
    link: Link,
    effect: CreateRecord | UpdateRecord,
    fields: Collection[str],
    shown: Record,
    salesforce: Record,
    ruleset: Ruleset,
) -> Link:
    """The link to store when `fields` are left out of a write; `shown` is the written record, which
    keeps its own values in them.
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
    link = link.deciding(
        *(Decision(DecisionType.REFUSED, side, name, "CH-8") for name in sorted(ours))
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
    """The report of fields that were left out, with the CRM's own message."""
    end = "" if error.text.endswith((".", "!", "?", "…")) else "."
    text = f"{error.text}{end} The field was left out, the rest of the record is in step."
    return Report(
        ref,
        Category.VALIDATION,
        text,
        _BETWEEN.join(sorted(fields)),
        error.hint,
        ("CH-8",),
        code=error.code,
    )


def names_in_reports(rules: Iterable[FieldRule], ruleset: Ruleset) -> frozenset[str]:
    """The names that these fields may have in a report: in HubSpot, in each Salesforce object, and
    in the account of a person. A report of a lead stays when the lead has become a contact.
    """
    properties = {rule.hubspot for rule in rules}
    there = {
        rule.salesforce
        for mapping in ruleset.mappings.values()
        for rule in mapping.field_map
        if rule.hubspot in properties
    }
    return frozenset(properties | there | {account_field(name) for name in there})


def is_outdated(report: Report, differing: Collection[str]) -> bool:
    """Whether a report about a record that has synced is over: all are, except that of a field that
    was left out while both sides still differ in it. `differing` has the names of such fields.
    """
    is_of_field = "CH-8" in report.because
    return not (is_of_field and set(report.fieldname.split(_BETWEEN)) & set(differing))


def _proper(effect: CreateRecord | UpdateRecord, ruleset: Ruleset) -> frozenset[str]:
    """The fields of a write without the revision that it carries, whose name is different in a
    person account.
    """
    revision = ruleset.revision_field(effect.side)
    return frozenset(effect.fields) - {revision, account_field(revision)}


def _rules_sent(
    effect: CreateRecord | UpdateRecord, salesforce: Ref | None, ruleset: Ruleset
) -> Mapping[str, FieldRule]:
    """The mappings of a write, by the field names in it. The contact behind a person account is
    written through the account, under the account's names (PA-3).
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


def _separates_amount_and_currency(found: Collection[str], known: Mapping[str, FieldRule]) -> bool:
    """Whether a currency would be written without its amount, or an amount without its currency
    (CUR-1).
    """
    currencies = {name for name, rule in known.items() if rule.salesforce == CURRENCY.salesforce}
    return any(
        name in currencies or (bool(currencies) and known[name].form is FieldType.NUMBER)
        for name in found
    )


def _meant(field: str, known: Collection[str]) -> Iterator[str]:
    """The `known` fields that a CRM means by the name `field`.

    Its case may differ, and it may be a field of the contact behind a person account, the code of a
    state or country, or a whole address.
    """
    plain = field.removesuffix(_CODE)
    prefix = field.removesuffix("Address")
    parts = [prefix + part for part in _ADDRESS] if prefix != field else []
    wanted = [field, plain, *parts]
    wanted += [account_field(one) for one in wanted]
    for name in known:
        if name.lower() in {one.lower() for one in wanted}:
            yield name


def _twin(name: str) -> str:
    """The country for a state and the state for a country of the same address; "" for any other
    field.
    """
    for one, other in ((_STATE, _COUNTRY), (_COUNTRY, _STATE)):
        if name.endswith(one):
            return name.removesuffix(one) + other
    return ""

"""A record that is about to be made on the other side: what it is given, and the link that will
hold it.

A birth is one effect and a link that waits for the new id. What the other side made of it (an owner
by assignment rules, a default, a formatted value) is looked at right afterwards, as a pair like any
other. What is particular to a kind is in the module named after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmsync.model.crm_names import (
    HUBSPOT_OPT_OUT,
    HUBSPOT_OWNER,
    PARENT_ACCOUNT,
    PRIMARY_COMPANY,
    SALESFORCE_OPT_OUT,
    SALESFORCE_OWNER,
)
from crmsync.model.effects import CreateRecord
from crmsync.model.fields import FieldRule, ValueFormat
from crmsync.model.links import Base, Intent, Link, Place, Slot, tags
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.places import fitted
from crmsync.rules.fields.values import UnfitValueError, cross_rule, is_blank
from crmsync.rules.merge import owners
from crmsync.rules.merge.baseline import key_of, rebased
from crmsync.rules.merge.policies import may_pass
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset

NEW = Slot("new")
"""The record that a birth makes; a plan makes at most one."""


_PARENTS = {PRIMARY_COMPANY, PARENT_ACCOUNT}
"""Agreed on only when the new pair is looked at, as the parents' own counterparts must be known for
that.
"""


@dataclass(frozen=True, slots=True)
class Creation:
    """The effect, the link to complete with the new id, fields whose value cannot cross, and a
    required name that nobody knows ("").
    """

    create: CreateRecord
    link: Link
    incompatible: tuple[FieldRule, ...] = ()
    missing: str = ""


def crossing(
    record: Record, salesforce_object: str, ruleset: Ruleset
) -> tuple[dict[str, Value], tuple[FieldRule, ...]]:
    """The values of a record as its new counterpart takes them, and the fields whose value cannot
    cross.
    """
    here = record.ref.side
    fields: dict[str, Value] = {}
    incompatible: list[FieldRule] = []
    for rule in ruleset.mappings[salesforce_object].field_map:
        name, across = (
            (rule.hubspot, rule.salesforce)
            if here is Side.HUBSPOT
            else (rule.salesforce, rule.hubspot)
        )
        if not may_pass(rule, here) or is_blank(record.fields.get(name)):
            continue
        try:
            fields[across] = cross_rule(rule, here.other, record.fields[name]).value
        except UnfitValueError:
            incompatible.append(rule)
    if here is Side.HUBSPOT:
        names, bad = fitted(fields, {}, ruleset.places)
        fields |= names
        incompatible += [
            rule for rule in ruleset.mappings[salesforce_object].field_map if rule.salesforce in bad
        ]
        fields = {name: value for name, value in fields.items() if name not in bad}
    return fields, tuple(incompatible)


def owner_in_hubspot(record: Record, ruleset: Ruleset) -> tuple[dict[str, Value], str, str]:
    """What a new HubSpot record is given for its Salesforce owner (OWN-5, Q-18); with it both
    owners, HubSpot's first, "" = none.
    """
    owner = str(record.fields.get(SALESFORCE_OWNER) or "")
    hubspot_owner = ruleset.owners.to_hubspot.get(owner, "") if ruleset.owners else ""
    fields: dict[str, Value] = {HUBSPOT_OWNER: hubspot_owner} if hubspot_owner else {}
    if owner and ruleset.owners:
        fields |= {owners.SHOWN_ID: owner, owners.SHOWN_NAME: ruleset.owners.name_of(owner) or None}
    return fields, hubspot_owner, owner


def owner_in_salesforce(record: Record, ruleset: Ruleset) -> tuple[str, str | None]:
    """The HubSpot owner of a record, "" = none, and the active Salesforce user that it stands for
    (OWN-8, OWN-14, OWN-18).
    """
    hubspot_owner = str(record.fields.get(HUBSPOT_OWNER) or "")
    return hubspot_owner, owners.owner_for_new(
        hubspot_owner, ruleset.owners
    ) if ruleset.owners else None


@dataclass(frozen=True, slots=True)
class Shown:
    """One side of a new pair: where the record is or will be, what it then shows, and its owner
    (None: the CRM will choose one).
    """

    place: Place
    fields: Mapping[str, Value]
    owner: str | None


def link_of_new_pair(
    hubspot: Shown,
    salesforce: Shown,
    mapping: ObjectMapping,
    incompatible: tuple[FieldRule, ...],
    ruleset: Ruleset,
) -> Link:
    """The link of the new pair, with what each side will then show; what could not cross stays
    unagreed.

    So does what the policy does not let cross: in that field the two then meet as two records do
    that both stand (MAP-2). And so does an opt-out that a new HubSpot record is still to get: that
    takes a call of its own (OPT-7). The new record will show which of our writes made it, so that
    one that another worker makes over again from an older picture is known.
    """
    origin = Side.SALESFORCE if isinstance(hubspot.place, Slot) else Side.HUBSPOT
    held_back = (
        rule for rule in mapping.field_map if rule in incompatible or not may_pass(rule, origin)
    )
    left_out = (
        {name for rule in held_back for name in (rule.hubspot, rule.salesforce)}
        | _PARENTS
        | ruleset.opportunity.associations
    )
    if origin is Side.SALESFORCE and salesforce.fields.get(SALESFORCE_OPT_OUT):
        left_out.add(HUBSPOT_OPT_OUT)

    def base(shown: Shown, forms: Mapping[str, ValueFormat]) -> Base:
        values = {name: shown.fields.get(name) for name in forms if name not in left_out}
        open_ones = [key_of(name, forms[name]) for name in forms if name in left_out]
        return rebased(Base(), forms, values, ruleset.fingerprinter).leaving_unagreed(open_ones)

    link = Link(
        ruleset.connection.name,
        ruleset.kind,
        hubspot.place,
        salesforce.place,
        base(hubspot, mapping.hubspot_forms),
        base(salesforce, mapping.salesforce_forms),
        tags(salesforce.fields) if isinstance(salesforce.place, Slot) else frozenset(),
        hubspot_owner=hubspot.owner,
        salesforce_owner=salesforce.owner,
        key=ruleset.fingerprinter.number,
    )
    side = Side.HUBSPOT if isinstance(hubspot.place, Slot) else Side.SALESFORCE
    values = link.hubspot_base.to_bytes().hex(), link.salesforce_base.to_bytes().hex()
    return link.announcing(
        side, Intent(ruleset.fingerprinter.revision(f"{hubspot.place} {salesforce.place} {values}"))
    )

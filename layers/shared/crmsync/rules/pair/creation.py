"""Create a record on the other side: its values, and the link of the new pair.

A creation is one effect and a link that is completed with the new id. What the other side adds (an
owner by assignment rules, a default, a formatted value) is read right afterwards, and the pair is
synced like any other. What is particular to a kind is in the module of that kind.
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
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import Base, tags
from crmsync.model.links import Intent, Link, Place, Slot
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.places import fitted
from crmsync.rules.fields.values import IncompatibleValueError, convert_mapped, is_blank
from crmsync.rules.merge import owners
from crmsync.rules.merge.baseline import Forms, rebased
from crmsync.rules.merge.policies import may_pass
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset

NEW = Slot("new")
"""The place of a record that is still to be created; a plan creates at most one."""


_PARENTS = {PRIMARY_COMPANY, PARENT_ACCOUNT}
"""Agreed on only when the new pair is synced, as that needs the parents' own counterparts."""


@dataclass(frozen=True, slots=True)
class Creation:
    """A record to create.

    Attributes:
        create: The effect.
        link: The link of the new pair, to be completed with the new id.
        incompatible: Mappings whose value cannot cross.
        missing: The name of a required field that has no value, "" = none. Then nothing is created.
    """

    create: CreateRecord
    link: Link
    incompatible: tuple[FieldRule, ...] = ()
    missing: str = ""


def converted_fields(
    record: Record, salesforce_object: str, ruleset: Ruleset
) -> tuple[dict[str, Value], tuple[FieldRule, ...]]:
    """The values that a new counterpart of a record gets, and the mappings whose value cannot
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
            fields[across] = convert_mapped(rule, here.other, record.fields[name]).value
        except IncompatibleValueError:
            incompatible.append(rule)
    if here is Side.HUBSPOT and ruleset.places:
        names, bad = fitted(fields, {}, ruleset.places)
        fields |= names
        incompatible += [
            rule for rule in ruleset.mappings[salesforce_object].field_map if rule.salesforce in bad
        ]
        fields = {name: value for name, value in fields.items() if name not in bad}
    return fields, tuple(incompatible)


def owner_in_hubspot(record: Record, ruleset: Ruleset) -> tuple[dict[str, Value], str, str]:
    """The owner fields of a new HubSpot record (OWN-5, Q-18), its HubSpot owner and its Salesforce
    owner, "" = none.
    """
    owner = str(record.fields.get(SALESFORCE_OWNER) or "")
    hubspot_owner = ruleset.owners.to_hubspot.get(owner, "") if ruleset.owners else ""
    fields: dict[str, Value] = {HUBSPOT_OWNER: hubspot_owner} if hubspot_owner else {}
    if owner and ruleset.owners and ruleset.marks_both:
        fields |= {owners.SHOWN_ID: owner, owners.SHOWN_NAME: ruleset.owners.name_of(owner) or None}
    return fields, hubspot_owner, owner


def owner_in_salesforce(record: Record, ruleset: Ruleset) -> tuple[str, str | None]:
    """The HubSpot owner of a record, "" = none, and the active Salesforce user who matches, None =
    nobody (OWN-8, OWN-14, OWN-18).
    """
    hubspot_owner = str(record.fields.get(HUBSPOT_OWNER) or "")
    return hubspot_owner, owners.owner_for_new(
        hubspot_owner, ruleset.owners
    ) if ruleset.owners else None


@dataclass(frozen=True, slots=True)
class Shown:
    """One side of a new pair.

    Attributes:
        place: The record, or the slot of one that is still to be created.
        fields: What the record then shows.
        owner: Its owner, "" = none, None: the CRM will choose one.
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
    """The link of a new pair, with what each side will then show.

    Left unagreed are values that cannot cross, values that the policy keeps back, so that the two
    then meet as if the pair had existed before (MAP-2), and an opt-out that a new HubSpot record is
    still to get, as that takes a call of its own (OPT-7). The new record will show which of our
    writes created it; one that another worker creates from older values is recognised by that. So
    is a Salesforce record that another worker creates for an earlier owner in HubSpot. Of the
    owner in Salesforce a new HubSpot record shows the id.
    """
    origin = Side.SALESFORCE if isinstance(hubspot.place, Slot) else Side.HUBSPOT
    kept_back = (
        rule for rule in mapping.field_map if rule in incompatible or not may_pass(rule, origin)
    )
    left_out = (
        {name for rule in kept_back for name in (rule.hubspot, rule.salesforce)}
        | _PARENTS
        | ruleset.associations
    )
    if origin is Side.SALESFORCE and salesforce.fields.get(SALESFORCE_OPT_OUT):
        left_out.add(HUBSPOT_OPT_OUT)

    def base(shown: Shown, forms: Forms) -> Base:
        values = {name: shown.fields.get(name) for name in forms if name not in left_out}
        unagreed = [form.key for name, form in forms.items() if name in left_out]
        return rebased(Base(), forms, values, ruleset.fingerprinter).with_unagreed(unagreed)

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
    text = f"{hubspot.place} {salesforce.place} {values}"
    if origin is Side.HUBSPOT:
        text += f" {hubspot.owner}"
    return link.announcing(side, Intent(ruleset.fingerprinter.revision(text)))

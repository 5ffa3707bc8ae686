"""All rules by which the records of one connection and kind are planned: settings, mappings and
formats, collected once per batch. Nothing is decided here.

What is particular to a kind is put in by the module of that kind, such as
`crmsync.rules.kinds.contact.ruleset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from crmsync.model import names
from crmsync.model.crm_names import HUBSPOT_OWNER, MERGED_IDS, SALESFORCE_OWNER
from crmsync.model.fields import FieldRule, FieldType, Update, ValueFormat
from crmsync.model.fingerprints import Fingerprinter
from crmsync.model.kinds.activities import ActivityKind
from crmsync.model.kinds.pipelines import PipelineMap
from crmsync.model.kinds.places import Places
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Ref, Side, Value
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import FieldMap
from crmsync.rules.fields.values import certain_length, compared_format
from crmsync.rules.merge import owners
from crmsync.rules.merge.baseline import Forms, SideView, forms_of, view
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.merge.person_accounts import columns, is_person

ITEMISED = "HasOpportunityLineItem"
"""Opportunity field: whether it has products. Salesforce then computes its amount and accepts
none (docs/vendors.md#salesforce-objects).
"""

_FurtherFields: TypeAlias = tuple[tuple[str, ValueFormat], ...]
"""Fields that are compared besides the mapped ones, with their formats."""

_ALWAYS_READ: Mapping[Side, frozenset[str]] = MappingProxyType(
    {
        Side.HUBSPOT: frozenset(
            {
                names.HUBSPOT_KEY,
                MERGED_IDS,
                HUBSPOT_OWNER,
                owners.SHOWN_ID,
                owners.SHOWN_NAME,
            }
        ),
        Side.SALESFORCE: frozenset({names.SALESFORCE_KEY, SALESFORCE_OWNER}),
    }
)
"""The other side's id and the owner; in HubSpot also what a record was merged from."""


_NOT_OF_ACTIVITIES = frozenset({MERGED_IDS, owners.SHOWN_ID, owners.SHOWN_NAME})
"""Activities are not merged, and show no owner of the other side."""


def always_read(side: Side, portal_id: int) -> frozenset[str]:
    """Fields that are read of every record, whatever is mapped, the portal's revision field
    included.
    """
    return _ALWAYS_READ[side] | {names.revision_fields(portal_id)[side]}


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """The field map of one Salesforce object, and every field that is compared.

    Attributes:
        field_map: The mappings that sync.
        hubspot_forms: Property -> how it is compared. It names properties beyond the map that have
            rules of their own: opt-out, parents, the lifecycle stage.
        salesforce_forms: Field -> how it is compared, likewise.
        whole: The mapping with those that rest at present, as a side lacks their field; None where
            none rests.
        texts: The mappings of texts, with the number of characters that certainly fit on both
            sides.
        has_later: Whether a mapping was added later (MAP-6).
    """

    field_map: FieldMap
    hubspot_forms: Forms
    salesforce_forms: Forms
    whole: ObjectMapping | None = None
    texts: tuple[tuple[FieldRule, int], ...] = field(init=False)
    has_later: bool = field(init=False)

    def __post_init__(self) -> None:
        """Work out what depends on the field map alone."""
        texts = [rule for rule in self.field_map if rule.form in {FieldType.TEXT, FieldType.HTML}]
        object.__setattr__(self, "texts", tuple((one, certain_length(one)) for one in texts))
        is_later = any(rule.since is not None for rule in self.field_map)
        object.__setattr__(self, "has_later", is_later)

    @property
    def resting(self) -> FieldMap:
        """The mappings that are left out at present."""
        rows = self.whole.field_map if self.whole else ()
        return tuple(rule for rule in rows if rule not in self.field_map)

    def forms(self, side: Side) -> Forms:
        """The fields of that side that are compared."""
        return self.hubspot_forms if side is Side.HUBSPOT else self.salesforce_forms


@dataclass(frozen=True, slots=True)
class ContactRules:
    """What only contacts and leads need.

    Attributes:
        members: The batch's HubSpot contacts that are in the inclusion list.
    """

    members: frozenset[Ref] = frozenset()


@dataclass(frozen=True, slots=True)
class AccountRules:
    """What only companies and accounts need.

    Attributes:
        person_mapping: The mapping of person accounts (PA-5), None where the org has none.
    """

    person_mapping: ObjectMapping | None = None


@dataclass(frozen=True, slots=True)
class OpportunityRules:
    """What only deals and opportunities need.

    Attributes:
        itemised_mapping: The mapping of opportunities whose amount Salesforce computes.
        associations: Names under which a deal's record shows what it is associated with. They are
            no properties: the flow adds them after the deal is read.
        pipelines: Which pipeline belongs to which record type (OPP-6).
        since: An opportunity created before this moment comes by import alone (OPP-4).
        zone: The time zone of the HubSpot account.
    """

    itemised_mapping: ObjectMapping | None = None
    associations: frozenset[str] = frozenset()
    pipelines: PipelineMap = field(default_factory=PipelineMap)
    since: datetime | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class ActivityRules:
    """What only activities need.

    Attributes:
        activity: The kind of activity.
        associations: Names under which the record of a HubSpot activity shows whom and what it is
            about in Salesforce. They are no properties: the flow adds them after it is read.
        owner_goes_to: The sides to which a changed owner crosses.
    """

    activity: ActivityKind = ActivityKind.TASK
    associations: frozenset[str] = frozenset()
    owner_goes_to: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that planning a record of a kind needs besides its facts.

    Attributes:
        kind: The kind of the records.
        connection: The settings.
        hubspot_object: HubSpot's object type of the kind.
        mappings: Salesforce object -> its mapping.
        fingerprinter: Makes the fingerprints that links keep.
        our_user: The Salesforce id of the integration user, "" where other accounts write to the
            org with it as well.
        our_app: HubSpot's name for crmsync as the source of a value.
        extras: Fields that are read but not compared, by side.
        person_accounts: Whether the org has person accounts enabled (PA-1).
        places: The countries and states that the org knows, None where it takes any text.
        parents: Company -> its account and account -> its company, as far as the batch names them;
            None as the value: the counterpart was deleted.
        owners: Who is who among the owners, None where no owner of the batch has changed.
        contact: What only contacts need; empty for other kinds.
        account: What only accounts need; empty for other kinds.
        opportunity: What only opportunities need; empty for other kinds.
        activity: What only activities need; empty for other kinds.
        views: Records of the batch that have been compared with the bases of their links.
    """

    kind: Kind
    connection: Connection
    hubspot_object: str
    mappings: Mapping[str, ObjectMapping]
    fingerprinter: Fingerprinter
    our_user: str
    our_app: str = ""
    extras: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    person_accounts: bool = False
    places: Places | None = None
    parents: Mapping[Ref, Ref | None] = field(default_factory=dict)
    owners: OwnerMatches | None = None
    contact: ContactRules = field(default_factory=ContactRules)
    account: AccountRules = field(default_factory=AccountRules)
    opportunity: OpportunityRules = field(default_factory=OpportunityRules)
    activity: ActivityRules = field(default_factory=ActivityRules)
    views: Mapping[Ref, SideView] = field(default_factory=dict, compare=False, repr=False)

    @property
    def shares_org(self) -> bool:
        """Whether other HubSpot accounts are connected with the org, so that no user there stands
        for crmsync alone (TEN-1).
        """
        return not self.our_user

    @property
    def whole(self) -> Ruleset:
        """The ruleset with the mappings that rest."""
        mappings = {name: mapping.whole or mapping for name, mapping in self.mappings.items()}
        return replace(self, mappings=mappings)

    @property
    def associations(self) -> frozenset[str]:
        """Names under which a HubSpot record shows what it is associated with."""
        return self.opportunity.associations | self.activity.associations

    @property
    def marks_both(self) -> bool:
        """Whether either record of a pair shows the other one, and HubSpot's the Salesforce owner.
        Of activities only the one that crmsync made names the other (ACT-2).
        """
        return self.kind is not Kind.ACTIVITY

    @property
    def special_mappings(self) -> tuple[ObjectMapping, ...]:
        """The mappings that replace the object's own for some of its records."""
        special = (self.account.person_mapping, self.opportunity.itemised_mapping)
        return tuple(one for one in special if one)

    def mapping_of(self, salesforce: Record) -> ObjectMapping:
        """The mapping that applies to a Salesforce record."""
        itemised, person = self.opportunity.itemised_mapping, self.account.person_mapping
        if itemised and salesforce.fields.get(ITEMISED) is True:
            return itemised
        if person and is_person(salesforce):
            return person
        return self.mappings[salesforce.ref.object]

    def our_user_in(self, record: Record) -> str:
        """The Salesforce user by whom our own last write to a record is known; "" for a person
        account, to which two concerns write (PA-3).
        """
        return "" if self.person_accounts and is_person(record) else self.our_user

    def view(self, record: Record, forms: Forms, link: Link | None) -> SideView:
        """A record as it compares with the base of its link. What `views` has is not compared again
        if it is about the same record, fields and link.
        """
        known = self.views.get(record.ref)
        if known and known.record is record and known.forms is forms and known.link is link:
            return known
        return view(record, forms, link, self.fingerprinter, self.our_user_in(record))

    def fields(self, side: Side) -> Mapping[str, tuple[str, ...]]:
        """Which fields to read, by object name on `side`, sorted."""
        extras = self.always_read(side) | self.extras.get(side, frozenset())
        if side is Side.HUBSPOT:
            compared = {name for one in self.mappings.values() for name in one.hubspot_forms}
            wanted = compared - self.associations
            return {self.hubspot_object: tuple(sorted(wanted | extras))}
        return {
            name: tuple(
                sorted(
                    {
                        *mapping.salesforce_forms,
                        *extras,
                        *(columns(name) if self.person_accounts else ()),
                    }
                )
            )
            for name, mapping in self.mappings.items()
        }

    def always_read(self, side: Side) -> frozenset[str]:
        """Fields that are read of every record, whatever is mapped."""
        found = always_read(side, self.connection.hubspot.portal_id)
        return found if self.marks_both else found - _NOT_OF_ACTIVITIES

    def revision_field(self, side: Side) -> str:
        """The field in which a record of `side` shows this connection's last write to it."""
        return names.revision_fields(self.connection.hubspot.portal_id)[side]

    def key_of(self, hubspot_id: str) -> str:
        """The value of our Salesforce field for a HubSpot record of this connection."""
        return names.salesforce_key(self.connection.hubspot.portal_id, hubspot_id)

    def outdated_id(self, record: Record, counterpart: Ref) -> Mapping[str, Value]:
        """Our field of a record that is to show the id of its counterpart, with that id, where it
        shows another one or none (DUP-24). From these ids the links can be rebuilt.

        A Salesforce field that another portal filled is left alone (TEN-1). The id of a HubSpot
        record that the Salesforce record belonged to before, by now deleted or merged, is replaced.
        """
        if not self.marks_both:
            return {}
        if record.ref.side is Side.HUBSPOT:
            shown = record.fields.get(names.HUBSPOT_KEY)
            return {names.HUBSPOT_KEY: counterpart.id} if shown != counterpart.id else {}
        named = str(record.fields.get(names.SALESFORCE_KEY) or "")
        if named.endswith(f"-{counterpart.id}") or (
            named and not named.startswith(self.key_of(""))
        ):
            return {}
        return {names.SALESFORCE_KEY: self.key_of(counterpart.id)}


def object_mapping(
    field_map: FieldMap, hubspot: Mapping[str, ValueFormat], salesforce: Mapping[str, ValueFormat]
) -> ObjectMapping:
    """The mapping of one object: the rows that sync at all (MAP-4), and further fields that are
    compared on either side, with their formats. The same for the same rows and fields.
    """
    return _made_mapping(field_map, tuple(hubspot.items()), tuple(salesforce.items()))


@lru_cache(maxsize=256)
def _made_mapping(
    field_map: FieldMap, hubspot: _FurtherFields, salesforce: _FurtherFields
) -> ObjectMapping:
    """A mapping, made once: it depends on nothing but its arguments, nothing in it changes, and
    batch after batch of a connection needs the same.
    """
    rows = tuple(rule for rule in field_map if rule.update is not Update.NEVER)
    return ObjectMapping(
        rows,
        forms_of({**_formats(rows, Side.HUBSPOT), **dict(hubspot)}),
        forms_of({**_formats(rows, Side.SALESFORCE), **dict(salesforce)}),
    )


def _formats(rows: Iterable[FieldRule], side: Side) -> dict[str, ValueFormat]:
    return {rule.on(side): compared_format(rule, side) for rule in rows}

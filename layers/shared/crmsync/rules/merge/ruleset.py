"""The rules of one connection and kind, laid open for planning: settings, field maps and forms,
worked out once per batch.

Nothing is decided here; a ruleset only answers what applies to which Salesforce object. What a kind
puts into its own is in `crmsync.rules.kinds.contact.ruleset` and the modules like it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.crm_names import HUBSPOT_OWNER, MERGED_IDS, SALESFORCE_OWNER
from crmsync.model.fields import FieldRule, Update, ValueFormat
from crmsync.model.links import Fingerprinter
from crmsync.model.pipelines import PipelineMap
from crmsync.model.places import Places
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import FieldMap
from crmsync.rules.fields.values import spelling
from crmsync.rules.merge import owners
from crmsync.rules.merge.owners import OwnerMatches
from crmsync.rules.merge.person_accounts import columns, is_person

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
"""The other side's id, the owner, in HubSpot also what a record was merged from."""


def always_read(side: Side, portal_id: int) -> frozenset[str]:
    """Fields that are read of every record, whatever is mapped; the revision of a portal's newest
    write among them.
    """
    return _ALWAYS_READ[side] | {names.revision_field(side, portal_id)}


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """One Salesforce object's page: its field map and, per side, how every field that counts is
    spelled.

    What the forms name beyond the map has a rule of its own: opt-out, parents, the lifecycle stage.
    ``resting`` are rows that do not count at present, as a side lacks their field.
    """

    field_map: FieldMap
    hubspot_forms: Mapping[str, ValueFormat]
    salesforce_forms: Mapping[str, ValueFormat]
    resting: FieldMap = ()

    def forms(self, side: Side) -> Mapping[str, ValueFormat]:
        """Field name -> how that side spells its values."""
        return self.hubspot_forms if side is Side.HUBSPOT else self.salesforce_forms


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that planning a record of a kind needs besides its facts.

    ``our_user`` is the Salesforce id of the integration user, "" where other accounts write to the
    org as well; ``our_app`` is HubSpot's name for us as the source of a value. ``extras`` are
    fields that are read but not compared, ``members`` those of the batch's HubSpot contacts that
    are in the inclusion list. ``parents`` say which company goes with which account, both ways, as
    far as the batch names them (None: its counterpart was deleted); ``owners`` is None where nobody
    had to be asked who owns what. ``person_accounts`` says whether the org has them switched on
    (PA-1), ``person_page`` what then holds for accounts that are persons, ``itemised_page`` what
    holds for opportunities whose amount Salesforce adds up. ``beside`` are HubSpot fields that are
    no properties: they are laid beside a record once it is read. ``pipelines`` say which pipeline
    goes with which record type (OPP-6); an opportunity older than ``since`` comes by import alone
    (OPP-4). ``zone`` is the time zone of the HubSpot account, in which its days are told;
    ``places`` are the countries and states that the org knows (None: it takes any text).
    """

    kind: Kind
    connection: Connection
    hubspot_object: str
    pages: Mapping[str, ObjectMapping]
    fingerprinter: Fingerprinter
    our_user: str
    our_app: str = ""
    extras: Mapping[Side, frozenset[str]] = field(default_factory=dict)
    members: frozenset[Ref] = frozenset()
    parents: Mapping[Ref, Ref | None] = field(default_factory=dict)
    owners: OwnerMatches | None = None
    person_accounts: bool = False
    person_page: ObjectMapping | None = None
    itemised_page: ObjectMapping | None = None
    beside: frozenset[str] = frozenset()
    pipelines: PipelineMap = field(default_factory=PipelineMap)
    since: datetime | None = None
    zone: tzinfo = UTC
    places: Places | None = None

    @property
    def shares_org(self) -> bool:
        """Whether other HubSpot accounts are connected with the org, so that nobody there is known
        to be us (TEN-1).
        """
        return not self.our_user

    def mapping_of(self, salesforce: Record) -> ObjectMapping:
        """The page that holds for a Salesforce record."""
        if self.itemised_page and salesforce.fields.get("HasOpportunityLineItem") is True:
            return self.itemised_page
        return (
            self.person_page
            if self.person_page and is_person(salesforce)
            else self.pages[salesforce.ref.object]
        )

    def our_user_in(self, record: Record) -> str:
        """By whom our own last write to a record is known: nobody's where two concerns write to it,
        as to a person account (PA-3).
        """
        return "" if is_person(record) else self.our_user

    def fields(self, side: Side) -> Mapping[str, tuple[str, ...]]:
        """Which fields to read, by object name on `side`; always in the same order."""
        extras = self.always_read(side) | self.extras.get(side, frozenset())
        if side is Side.HUBSPOT:
            wanted = {
                name for page in self.pages.values() for name in page.hubspot_forms
            } - self.beside
            return {self.hubspot_object: tuple(sorted(wanted | extras))}
        return {
            name: tuple(
                sorted(
                    {
                        *page.salesforce_forms,
                        *extras,
                        *columns(name, person_accounts=self.person_accounts),
                    }
                )
            )
            for name, page in self.pages.items()
        }

    def always_read(self, side: Side) -> frozenset[str]:
        """Fields that are read of every record, whatever is mapped."""
        return always_read(side, self.connection.hubspot.portal_id)

    def revision_field(self, side: Side) -> str:
        """Where a record of `side` shows which of this connection's writes reached it last."""
        return names.revision_field(side, self.connection.hubspot.portal_id)

    def key_of(self, hubspot_id: str) -> str:
        """The value of our Salesforce field for a HubSpot record of this connection."""
        return names.salesforce_key(self.connection.hubspot.portal_id, hubspot_id)


def page(
    field_map: FieldMap, hubspot: Mapping[str, ValueFormat], salesforce: Mapping[str, ValueFormat]
) -> ObjectMapping:
    """The page of one object: the rows that sync at all (MAP-4), and the fields beyond them that
    count on either side.
    """
    rows = tuple(rule for rule in field_map if rule.update is not Update.NEVER)
    return ObjectMapping(
        rows,
        MappingProxyType({**_spelled(rows, Side.HUBSPOT), **hubspot}),
        MappingProxyType({**_spelled(rows, Side.SALESFORCE), **salesforce}),
    )


def _spelled(rows: Iterable[FieldRule], side: Side) -> dict[str, ValueFormat]:
    return {
        rule.hubspot if side is Side.HUBSPOT else rule.salesforce: spelling(rule, side)
        for rule in rows
    }

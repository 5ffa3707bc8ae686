"""The pairs that judges look at, their rows of fields, and what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.fields import Update
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.fields.values import compared_format
from crmsync.rules.merge.baseline import key_of
from tests.simulation.judges.oracle import Row
from tests.simulation.people.fields import COMPANY_FIELDS, DEAL_FIELDS, PERSON_FIELDS
from tests.simulation.world.deployment import Portal
from tests.simulation.world.owners import FIELD, IN_HUBSPOT, goes_back
from tests.simulation.world.system import System
from tests.simulation.world.watched import Entry

TABLES = {Kind.CONTACT: PERSON_FIELDS, Kind.ACCOUNT: COMPANY_FIELDS, Kind.OPPORTUNITY: DEAL_FIELDS}
Wrong = Iterator[str]

BACK = "excused: taken out of a recycle bin"
"""HubSpot does not say whether what is restored keeps its associations."""

DELETED_COMPANY = "excused: its company was deleted"
"""By default an association that is gone on one side stays on the other (Q-29)."""

DROPPED = "dropped, and different since"
"""What the operator drops of what a limit holds back stays different (Q-30)."""


def rows_of(system: System, kind: Kind) -> list[Row]:
    """The field pairs of a kind, with their policies."""
    policies = dict(system.setting.policies)
    table = TABLES[kind]
    return [
        Row(
            table[Side.HUBSPOT][name],
            table[Side.SALESFORCE][name],
            policies.get(name, "two_way") if kind is Kind.CONTACT else "two_way",
        )
        for name in table[Side.HUBSPOT]
    ]


ADDRESS = Row("email", "Email")
PARENT = Row("associatedcompanyid", "AccountId")
OWNER = Row(FIELD[Side.HUBSPOT], FIELD[Side.SALESFORCE], "owner", IN_HUBSPOT)


def pairs(system: System, portal: Portal) -> list[tuple[Link, Ref, Ref]]:
    """The living pairs of a connection."""
    found = []
    for link in system.links.all:
        if link.connection == portal.name and link.state is LinkState.ACTIVE:
            assert isinstance(link.hubspot, Ref)
            assert isinstance(link.salesforce, Ref)
            found.append((link, link.hubspot, link.salesforce))
    return found


def is_dropped(
    system: System,
    portal: Portal,
    pair: tuple[Ref, Ref],
    row: Row,
    limits: Collection[ChangeLimit] = tuple(ChangeLimit),
) -> bool:
    """Whether the operator has dropped what a person did to a field, which one of these limits held
    back, or that it was put back: then both sides stay as they are until somebody edits one of them
    (Q-30). A conversion of the pair's lead is no edit.
    """
    ledger = system.ledger
    records = [*pair, *(lead for ref in pair for lead in _leads_of(system, ref))]
    entries = [
        one
        for ref in records
        for one in ledger.rows[ref]
        if one.field == row.on(ref.side) and not _is_of_conversion(system, one)
    ]
    shown = {one.ref.side: one for one in sorted(entries, key=lambda one: one.number)}
    return any(
        Hold(side, limit) in drop.holds and not one.ours and one.number <= drop.done
        for drop in ledger.drops
        if drop.connection == portal.name and drop.ref in records
        if not any(it.number > (drop.decided if it.ours else drop.done) for it in entries)
        for one in entries
        for side in _written_because_of(one, row, is_shown=shown[one.ref.side] is one)
        for limit in limits
    )


def _written_because_of(one: Entry, row: Row, *, is_shown: bool) -> frozenset[Side]:
    """The sides that crmsync may write because of a person's edit: the other one, where it crosses;
    its own, where it still shows what the rules put back (MAP-1, MAP-2, OWN-7).
    """
    side = one.ref.side
    own = frozenset({side} if is_shown else ())
    if row.policy == OWNER.policy and side is Side.HUBSPOT and goes_back(one.value):
        return own
    across = frozenset({side.other})
    return across | own if row.policy.endswith(f"_{side.other.value}") else across


def _leads_of(system: System, contact: Ref) -> list[Ref]:
    """The leads that were converted into a Salesforce contact."""
    if contact.object != "Contact":
        return []
    return [lead for lead, now in system.merged.items() if now == contact]


def _is_of_conversion(system: System, entry: Entry) -> bool:
    """Whether this is how a contact was made with what its lead showed in a field."""
    rows = system.ledger.rows
    shown = [
        [one.value for one in rows[lead] if one.field == entry.field and one.number < entry.number]
        for lead in _leads_of(system, entry.ref)
    ]
    first = next(one for one in rows[entry.ref] if one.field == entry.field)
    return entry is first and any(values[-1:] == [entry.value] for values in shown)


Version = tuple[str, Ref, int]
"""A pair by connection and HubSpot record, with the version of its link."""


def versions(system: System) -> frozenset[Version]:
    """All pairs."""
    return frozenset(
        (portal.name, here, link.version)
        for portal in system.portals
        for link, here, _ in pairs(system, portal)
    )


def without_new_mappings(system: System) -> frozenset[Version]:
    """Those of the pairs that were not read since a mapping was pushed: the next read notes what both
    sides show in its fields (MAP-6).
    """
    found = []
    for portal in system.portals:
        fields = portal.connection.contacts.field
        rows = [row for row in fields if row.since and row.update is not Update.NEVER]
        keys = [key_of(row.hubspot, compared_format(row, Side.HUBSPOT)) for row in rows]
        found += [
            (portal.name, here, link.version)
            for link, here, _ in pairs(system, portal)
            if link.kind is Kind.CONTACT and not all(map(link.hubspot_base.knows, keys))
        ]
    return frozenset(found)


def is_widowed(system: System, portal: Portal, ref: Ref) -> bool:
    """Whether a record names a counterpart of this connection that is gone: an edit does not bring
    that one back.
    """
    crm = portal.hubspot if ref.side is Side.HUBSPOT else system.salesforce
    fields = crm.fields(ref)
    named = str(fields.get("crmsync_salesforce_id") or fields.get("Crmsync_HubSpot_Id__c") or "")
    account, _, named = named.rpartition("-")
    if account and account != str(portal.connection.hubspot.portal_id):
        return False
    other = system.salesforce if ref.side is Side.HUBSPOT else portal.hubspot
    return bool(named) and not any(one.id == named and other.is_live(one) for one in other._rows)

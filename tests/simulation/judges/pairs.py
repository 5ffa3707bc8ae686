"""The pairs that judges look at, their rows of fields, and what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.fields import Update
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.fields.values import compared_format
from crmsync.rules.merge.baseline import key_of
from tests.simulation.judges.course import Row, plain
from tests.simulation.people.fields import COMPANY_FIELDS, DEAL_FIELDS, PERSON_FIELDS
from tests.simulation.world.deployment import Portal
from tests.simulation.world.owners import FIELD, IN_HUBSPOT, goes_back
from tests.simulation.world.system import System
from tests.simulation.world.watched import Drop, Entry

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
    (Q-30). That goes for all that waits when a worker carries the decision out, also for what was
    done since (decision 41); but what crmsync has written of it since did not wait. No edit is what a
    lead's conversion or a merge in HubSpot leaves as it was, and what somebody set back before it
    crossed. What a record has from another pair waits as an edit does.
    """
    ledger = system.ledger
    former = _former(system, pair)
    records = [*pair, *former]
    entries = [
        one
        for ref in records
        for one in ledger.rows[ref]
        if one.field == row.on(ref.side) and not _is_taken_over(system, one, former)
    ]
    brought = _brought_along(system, pair, entries)
    return any(
        _has_dropped(
            drop,
            _without_set_back(entries, drop.done),
            row,
            limits,
            brought if ledger.linked[pair] <= drop.done else (),
        )
        for drop in ledger.drops
        if drop.connection == portal.name and drop.ref in records
    )


def _brought_along(
    system: System, pair: tuple[Ref, Ref], entries: Collection[Entry]
) -> Collection[Entry]:
    """What crmsync had given a field of either record for another pair, before these two were linked:
    the counterpart that it came from was merged into the present one, say. It is to cross though
    nobody has edited it. Nothing where crmsync has written the field since: that did not wait.
    """
    ledger = system.ledger
    written = [one for one in entries if one.ours]
    if any(one.number > ledger.linked[pair] for one in written):
        return ()
    return [one for one in written if one.ref in pair and ledger.made_for(one.ref) != pair]


def _has_dropped(
    drop: Drop,
    entries: Collection[Entry],
    row: Row,
    limits: Collection[ChangeLimit],
    brought: Collection[Entry],
) -> bool:
    """Whether one of these entries, an edit or what was brought along from another pair, waited when
    a worker carried out a decision to drop, and nothing was done since.
    """
    shown = {one.ref.side: one for one in sorted(entries, key=lambda one: one.number)}
    return any(
        Hold(side, limit) in drop.holds
        and (not one.ours or one in brought)
        and one.number <= drop.done
        for one in entries
        if not any(
            it.number > (max(drop.decided, one.number) if it.ours else drop.done) for it in entries
        )
        for side in _written_because_of(one, row, is_shown=shown[one.ref.side] is one)
        for limit in limits
    )


def _without_set_back(entries: Collection[Entry], since: int) -> list[Entry]:
    """The entries without what people did to a record since and set back: dropped means agreed on
    as different, and both sides show again what they showed then.
    """
    left = []
    for ref in {one.ref for one in entries}:
        mine = [one for one in entries if one.ref == ref]
        later = [one for one in mine if one.number > since]
        is_back = bool(later) and later[-1].value == later[0].before
        traceless = later if is_back and not any(one.ours for one in later) else []
        left += [one for one in mine if one not in traceless]
    return left


def _written_because_of(one: Entry, row: Row, *, is_shown: bool) -> frozenset[Side]:
    """The sides that crmsync may write because of a person's edit: the other one, where it crosses;
    its own, where it still shows what the rules put back (MAP-1, MAP-2, OWN-7) or fill (CH-4).
    """
    side = one.ref.side
    own = frozenset({side} if is_shown else ())
    if row.policy == "fill_blank" and plain(one.value) is None:
        return own
    if row.policy == OWNER.policy and side is Side.HUBSPOT and goes_back(one.value):
        return own
    across = frozenset({side.other})
    return across | own if row.policy.endswith(f"_{side.other.value}") else across


def _former(system: System, pair: tuple[Ref, Ref]) -> list[Ref]:
    """The records that a pair consisted of before: leads that were converted into its Salesforce
    contact, and contacts of HubSpot that lived on under a new id when others were merged into them.
    """
    here, there = pair
    became = [(old, now) for old, now in system.merged.items() if old != now]
    leads = [
        old
        for old, now in became
        if (old.object, now) == ("Lead", there) and there.object != "Lead"
    ]
    linked = system.ledger.linked
    contacts = [
        old
        for old, now in became
        if now == here and any((old, one) in linked for one in (there, *leads))
    ]
    return leads + contacts


def _is_taken_over(system: System, entry: Entry, former: Collection[Ref]) -> bool:
    """Whether this is how a record was made with what one of those showed in a field that it has
    become of.
    """
    rows = system.ledger.rows
    shown = [
        [one.value for one in rows[old] if one.field == entry.field and one.number < entry.number]
        for old in former
        if system.merged[old] == entry.ref
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
    """Whether a record names a counterpart of this connection that is gone, or a lead that was
    converted into a contact that is gone (DUP-26): an edit does not bring that one back. A contact
    names what the lead names that was converted into it.
    """
    crm = portal.hubspot if ref.side is Side.HUBSPOT else system.salesforce
    leads = [
        old
        for old, now in system.merged.items()
        if now == ref and old.object == "Lead" != ref.object
    ]
    if any(crm.is_live(old) and is_widowed(system, portal, old) for old in leads):
        return True
    fields = crm.fields(ref)
    named = str(fields.get("crmsync_salesforce_id") or fields.get("Crmsync_HubSpot_Id__c") or "")
    account, _, named = named.rpartition("-")
    if account and account != str(portal.connection.hubspot.portal_id):
        return False
    other = system.salesforce if ref.side is Side.HUBSPOT else portal.hubspot
    return bool(named) and not any(
        other.is_live(one) and (not other.fields(one).get("IsConverted") or _goes_on(system, one))
        for one in other._rows
        if one.id == named
    )


def _goes_on(system: System, lead: Ref) -> bool:
    """Whether the contact that a lead was converted into, or was merged into since, is there."""
    while lead in system.merged:
        lead = system.merged[lead]
    return system.salesforce.is_live(lead)

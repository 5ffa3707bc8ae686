"""What settings must not contain although each value is good by itself: repeated names and portals,
switches that exclude each other.

Pure: settings in, findings out, each with the path of its value. `crmsync.config` reads the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model.crm_names import PARENT_ACCOUNT
from crmsync.model.fields import FieldRule, Update
from crmsync.model.kinds.activities import ActivitySync
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.records import SIDES, Kind
from crmsync.model.settings import AlertSettings, Connection, CreateInHubspot, Settings
from crmsync.rules.kinds.activity.field_map import POLICIES
from crmsync.rules.settings.mappings import (
    ACTIVITIES_RULED,
    DEALS_RULED,
    Objection,
    is_own_field,
    is_own_property,
    object_to,
)
from crmsync.rules.settings.sections import (
    ACTIVITY_SECTIONS,
    DEFAULT_ROWS,
    SECTIONS,
    called,
    is_on,
    row_path,
    section_of,
)

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_USER_ID = re.compile(r"005[A-Za-z0-9]{15}")
_REFERENCES = MappingProxyType({"contacts": PARENT_ACCOUNT, "deals": PARENT_ACCOUNT})
_RULED = MappingProxyType(
    {"deals": DEALS_RULED, **dict.fromkeys(ACTIVITY_SECTIONS, ACTIVITIES_RULED)}
)


_HUBSPOT_WINS = frozenset({Update.ALWAYS_HUBSPOT, Update.PREFER_HUBSPOT})
"""Policies by which HubSpot's value overwrites Salesforce's although only that one changed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a value.

    Attributes:
        path: Where the value is in the file: table names, keys, indexes.
        sentence: What is wrong.
        rule: The rule behind it.
    """

    path: tuple[str | int, ...]
    sentence: str
    rule: str


def contradictions(settings: Settings) -> Iterator[Finding]:
    """Everything that forbids these settings."""
    yield from _repeated(settings.connections)
    for index, connection in enumerate(settings.connections):
        yield from _switches(index, connection)
        yield from _deals(index, connection)
        yield from _mappings(index, connection)
        yield from _owners(index, connection)
        yield from _templates(index, connection)
        yield from _campaigns(index, connection)
        yield from _activities(index, connection)
    yield from _shared_campaigns(settings.connections)
    yield from _alerts(settings.alerts)


def warnings(settings: Settings) -> Iterator[Finding]:
    """What is allowed and yet a bad idea: deletions without a limit (Q-30), portals on one org that
    create contacts by themselves (TEN-3, TEN-4), or that both win over one Salesforce field (CH-5).
    """
    for index, connection in enumerate(settings.connections):
        yield from _unlimited_deletions(index, connection)
    orgs: dict[str, list[int]] = {}
    for index, connection in enumerate(settings.connections):
        orgs.setdefault(connection.salesforce.org_key, []).append(index)
    for sharing in orgs.values():
        yield from _rival_winners(settings, sharing)
        for index in sharing if len(sharing) > 1 else ():
            contacts = settings.connections[index].contacts
            if contacts.create_in_hubspot is not CreateInHubspot.NEVER:
                sentence = (
                    f"{len(sharing)} HubSpot accounts share this Salesforce org: a record that one "
                    "of them makes "
                    'may become a contact in the others; "never" is recommended, not '
                    f'"{contacts.create_in_hubspot}"'
                )
                yield Finding(
                    ("connection", index, "contacts", "create_in_hubspot"), sentence, "TEN-3"
                )


def _unlimited_deletions(index: int, connection: Connection) -> Iterator[Finding]:
    """Sections that the operator lets delete without a limit. Deals do so by default."""
    for name in ("contacts", "companies"):
        section = getattr(connection, name)
        if section.delete_in_hubspot and not section.max_deletes_per_hour:
            sentence = (
                f"every deletion in Salesforce deletes {name} in HubSpot, and none is held back: "
                "set max_deletes_per_hour"
            )
            yield Finding(("connection", index, name, "delete_in_hubspot"), sentence, "Q-30")
    activities = connection.activities
    for kind in () if activities.max_deletes_per_hour else activities.on:
        for side in SIDES:
            if side in activities.of(kind).deletes_in:
                sentence = (
                    f"every deletion in {side.other.label} deletes {kind} in {side.label}, and "
                    "none is held back: set max_deletes_per_hour"
                )
                path = ("connection", index, "activities", kind, f"delete_in_{side}")
                yield Finding(path, sentence, "Q-30")


def _rival_winners(settings: Settings, sharing: Sequence[int]) -> Iterator[Finding]:
    """Mappings of connections on one org by which HubSpot wins over the same Salesforce field: all
    but the first of each field.
    """
    first: dict[tuple[str, str], str] = {}
    for index in sharing:
        connection = settings.connections[index]
        for section in SECTIONS:
            if not is_on(connection, section):
                continue
            for number, row in enumerate(section_of(connection, section).field):
                if row.update not in _HUBSPOT_WINS:
                    continue
                rival = first.setdefault((section, row.salesforce.lower()), connection.name)
                if rival != connection.name:
                    sentence = (
                        f'"{rival}" and "{connection.name}" share this Salesforce org and let '
                        f"HubSpot win over {row.salesforce}: where their values differ, each "
                        "overwrites the other's until the field of that record is stopped; let "
                        "one of them win"
                    )
                    yield Finding(row_path(index, section, number, "update"), sentence, "CH-5")


def discontinued(settings: Settings) -> Iterator[Finding]:
    """What stops working on a known date although the settings are good: HubSpot's e-mail event log
    ends without a successor (TASK-1).
    """
    sentence = (
        "e-mail tasks read HubSpot's e-mail event log (/email/public/v1/events), which HubSpot "
        "supports until September 2027; "
        "it has announced no successor"
    )
    for index, connection in enumerate(settings.connections):
        if connection.email_tasks.kinds:
            yield Finding(("connection", index, "email_tasks"), sentence, "TASK-1")


def _alerts(alerts: AlertSettings) -> Iterator[Finding]:
    """A webhook and its secret go together."""
    if alerts.posts != bool(alerts.secret):
        given, other = ("webhook", "secret") if alerts.posts else ("secret", "webhook")
        sentence = f"{given} says nothing without {other}: give both, or neither"
        yield Finding(("alerts", given), sentence, "CFG-1")


def _repeated(connections: Iterable[Connection]) -> Iterator[Finding]:
    names: set[str] = set()
    portals: dict[int, str] = {}
    for index, connection in enumerate(connections):
        if connection.name in names:
            yield Finding(
                ("connection", index, "name"),
                f'a second connection is called "{connection.name}"',
                "TEN-1",
            )
        names.add(connection.name)
        portal = connection.hubspot.portal_id
        if portal in portals:
            sentence = (
                f'HubSpot account {portal} is connected already, by "{portals[portal]}"; one '
                "account syncs with one org"
            )
            yield Finding(("connection", index, "hubspot", "portal_id"), sentence, "PERM-3")
        portals.setdefault(portal, connection.name)


def _switches(index: int, connection: Connection) -> Iterator[Finding]:
    if connection.deals.sync and not connection.companies.sync:
        sentence = "deals can sync only where companies do: switch companies on, or deals off"
        yield Finding(("connection", index, "deals", "sync"), sentence, "OPP-2")
    for name in ("companies", "deals", *ACTIVITY_SECTIONS):
        if not is_on(connection, name):
            for number in range(len(section_of(connection, name).field)):
                sentence = f"{called(name)} cannot be mapped while their sync is off"
                yield Finding(row_path(index, name, number), sentence, "MAP-10")


def _deals(index: int, connection: Connection) -> Iterator[Finding]:
    """What must agree within a deal's settings: the two names by which deals are matched (CH-14),
    and each pipeline once (Q-26).
    """
    deals, here = connection.deals, ("connection", index, "deals")
    if bool(deals.match_hubspot) != bool(deals.match_salesforce):
        given, other = (
            ("match_hubspot", "match_salesforce")
            if deals.match_hubspot
            else ("match_salesforce", "match_hubspot")
        )
        yield Finding(
            (*here, given), f"{given} says nothing without {other}: give both, or neither", "CH-14"
        )
    elif is_own_property(deals.match_hubspot) or is_own_field(deals.match_salesforce):
        sentence = (
            "deals cannot be matched by crmsync's own property or field: these hold what was "
            "linked already"
        )
        yield Finding((*here, "match_hubspot"), sentence, "CH-14")
    for number, name in enumerate(deals.pipelines):
        if name in deals.pipelines[:number]:
            yield Finding((*here, "pipelines"), f'pipelines names "{name}" twice', "Q-26")


def _mappings(index: int, connection: Connection) -> Iterator[Finding]:
    for name in SECTIONS:
        for objection in row_objections(name, section_of(connection, name).field):
            path = row_path(index, name, objection.row, objection.key)
            yield Finding(path, objection.sentence, objection.rule)


def row_objections(section: str, rows: Sequence[FieldRule]) -> Iterator[Objection]:
    """What is wrong with an operator's mapping rows of a section, whatever the schemas say."""
    return object_to(
        rows,
        DEFAULT_ROWS[section],
        reference=_REFERENCES.get(section, ""),
        ruled=_RULED.get(section, {}),
    )


def _owners(index: int, connection: Connection) -> Iterator[Finding]:
    """Rows of the owner map: an address and a user each, nobody twice on either side (Q-18)."""
    stands_for: dict[str, str] = {}
    known: set[str] = set()
    for owner, user in connection.owners:
        for sentence in _owner_row(owner, user, known, stands_for):
            yield Finding(("connection", index, "owners", owner), sentence, "Q-18")
            break
        known.add(normalise_email(owner))
        stands_for.setdefault(_same_user(user), owner)


def _templates(index: int, connection: Connection) -> Iterator[Finding]:
    """One template per kind of event (CH-22)."""
    known: set[str] = set()
    for number, template in enumerate(connection.email_tasks.template):
        if template.kind in known:
            path = ("connection", index, "email_tasks", "template", number, "kind")
            yield Finding(path, f"tasks for {template.kind} have a template already", "CH-22")
        known.add(template.kind)


def _campaigns(index: int, connection: Connection) -> Iterator[Finding]:
    """One list per campaign, as a person has one row there (CMP-6), and the status of those who
    left where leaving is a status (CMP-5).
    """
    known: set[str] = set()
    for number, row in enumerate(connection.campaigns):
        here = ("connection", index, "campaigns", number)
        if not connection.contacts.sync:
            sentence = "members are the counterparts of contacts: switch contacts on"
            yield Finding(here, sentence, "CMP-4")
        if row.campaign.lower() in known:
            sentence = f"campaign {row.campaign} has a list already"
            yield Finding((*here, "campaign"), sentence, "CMP-6")
        known.add(row.campaign.lower())
        if row.left_status == row.status:
            sentence = "on_leave is the status of those who join: give another one"
            yield Finding((*here, "on_leave"), sentence, "CMP-5")


def _shared_campaigns(connections: Sequence[Connection]) -> Iterator[Finding]:
    """A campaign that an earlier connection on the same org has a list for: what one list makes the
    other would change back (CMP-6). A sandbox may have the campaigns of its origin, ids and all.
    """
    first: dict[tuple[str, str], int] = {}
    for index, connection in enumerate(connections):
        for number, row in enumerate(connection.campaigns):
            key = (connection.salesforce.org_key, row.campaign.lower())
            holder = first.setdefault(key, index)
            if holder != index:
                sentence = (
                    f'campaign {row.campaign} has a list already, in "{connections[holder].name}", '
                    "which shares this Salesforce org: give each connection a campaign of its own"
                )
                yield Finding(
                    ("connection", index, "campaigns", number, "campaign"), sentence, "CMP-6"
                )


def _activities(index: int, connection: Connection) -> Iterator[Finding]:
    """Activities are about contacts, companies or deals that sync, no task in Salesforce is a note,
    a row of a kind that goes one way cannot cross the other way (ACT-1), and nothing is deleted on
    a side to which the kind does not go (ACT-8).
    """
    on = connection.activities.on
    if on and not connection.kinds - {Kind.ACTIVITY}:
        sentence = "activities are about contacts, companies or deals: switch one of these on"
        yield Finding(("connection", index, "activities", on[0], "sync"), sentence, "ACT-1")
    if connection.activities.notes.sync is ActivitySync.TO_HUBSPOT:
        sentence = 'Salesforce has no notes among its tasks: use "to_salesforce" or "two_way"'
        yield Finding(("connection", index, "activities", "notes", "sync"), sentence, "ACT-1")
    for name, kind in ACTIVITY_SECTIONS.items():
        sync = connection.activities.of(kind).sync
        allowed = POLICIES[sync]
        for number, row in enumerate(connection.activities.of(kind).field):
            if row.update not in allowed:
                words = ", ".join(f'"{policy}"' for policy in allowed)
                sentence = (
                    f"{kind} go one way, {sync}, so update must be one of {words}, "
                    f'not "{row.update}"'
                )
                yield Finding(row_path(index, name, number, "update"), sentence, "ACT-1")
    for kind in on:
        settings = connection.activities.of(kind)
        for side in sorted(settings.asks_to_delete_in - settings.deletes_in):
            key = f"delete_in_{side}"
            sentence = (
                f"{kind} do not go to {side.label}, so nothing is deleted there: leave {key} out, "
                "or give sync another direction"
            )
            yield Finding(("connection", index, "activities", kind, key), sentence, "ACT-8")


def _owner_row(
    owner: str, user: str, known: Collection[str], stands_for: Mapping[str, str]
) -> Iterator[str]:
    if not _ADDRESS.fullmatch(owner.strip()):
        yield f'"{owner}" is no e-mail address of a HubSpot owner'
    if not _ADDRESS.fullmatch(user.strip()) and not _USER_ID.fullmatch(user.strip()):
        yield (
            f'{owner} goes with "{user}", must be the e-mail address or the 18-character id of a '
            "Salesforce user"
        )
    if normalise_email(owner) in known:
        yield f"{owner} is given twice"
    if _same_user(user) in stands_for:
        yield f"{user} stands for {stands_for[_same_user(user)]} already"


def _same_user(user: str) -> str:
    """An address in lowercase; in an id, case matters."""
    return normalise_email(user) if "@" in user else user.strip()

"""One portal: its keys, its people, and everything it holds.

Law: puts the parts together and keeps what joins two of them: mirrored properties, companies
created from e-mail domains, opt-out properties. Each part's own rules are in its module.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from simulators.faults import Faults
from simulators.hubspot.associations import HUBSPOT, Associations, Pair
from simulators.hubspot.errors import MissingPageError, invalid
from simulators.hubspot.limits import TIERS, Limits
from simulators.hubspot.lists import Lists
from simulators.hubspot.mail_events import MailEvents
from simulators.hubspot.owners import Owners
from simulators.hubspot.pipelines import Pipelines
from simulators.hubspot.preferences import Preferences, property_of
from simulators.hubspot.records.last_activity import LastActivity
from simulators.hubspot.records.merging import Merging
from simulators.hubspot.records.search_index import SearchIndex
from simulators.hubspot.records.sums import Sums
from simulators.hubspot.records.table import Record, RecordTable
from simulators.hubspot.records.write_rules import WriteRule
from simulators.hubspot.records.writes import Writes
from simulators.hubspot.schema.catalog import (
    BY_NAME,
    COMPANY,
    CONTACT,
    DEAL,
    MIRRORS,
    OBJECT_TYPES,
    ObjectType,
)
from simulators.hubspot.schema.definitions import Property, boolean_options
from simulators.hubspot.schema.schema import Schema
from simulators.hubspot.scopes import GRANTED
from simulators.hubspot.stamps import Actor, PortalClock, derived_key
from simulators.hubspot.webhooks import Webhooks

FREE_MAIL_DOMAINS = frozenset({"freemail.example", "mail.test"})
"""Domains that do not create a company. HubSpot's own list of free-mail domains is long and not
published; these are examples of it [M].
"""
INSIGHTS = Actor("COMPANY_INSIGHTS", "AutoAssociateCompanies")
"""Who creates and associates companies by domain; the names are [M]."""


class Portal:
    """A HubSpot account with one app (the product's) installed."""

    def __init__(
        self, world: Mapping[str, Any], *, clock: PortalClock, faults: Faults, seed: int
    ) -> None:
        """Set the portal up from its entry in the world file; keys depend only on the seed and the
        portal id.
        """
        self.portal_id = int(world.get("portal_id", 555_001))
        self.app_id = int(world.get("app_id", 990_077))
        self.scopes = frozenset(world.get("scopes", GRANTED))
        self.tier = str(world.get("tier", "professional"))
        self.time_zone = str(world.get("time_zone", "UTC"))
        self.keeps_calendar = bool(world.get("vendor_calendar", True))
        key = Random(f"{seed}/{self.portal_id}")
        self._seed, self._rotations = seed, 0
        self.access_token = "sim-product-" + derived_key(seed, self.portal_id, "product")
        self.user_token = "sim-person-" + derived_key(seed, self.portal_id, "person")
        self.client_secret = "sim-secret-" + derived_key(seed, self.portal_id, "secret")
        self.previous_client_secret: str | None = world.get("previous_client_secret")
        self.clock = clock
        now = clock.now_ms()
        self.limits = Limits(TIERS[self.tier], clock)
        self.people_limits = Limits(TIERS[self.tier], clock)
        """Never used up: people's tools belong to another app, whose calls are not counted here."""
        secrets = [
            self.client_secret,
            *([self.previous_client_secret] if self.previous_client_secret else []),
        ]
        self.webhooks = Webhooks(
            self.portal_id, self.app_id, secrets, clock, faults, key.getrandbits(32)
        )
        self.owners = Owners(world.get("owners") or DEFAULT_OWNERS, now)
        self.associations = Associations(clock, self.webhooks.note)
        self.merging = Merging(self.associations, clock, self.webhooks.note)
        delay_s = float(world.get("opt_out_delay_seconds", 0))
        self.preferences = Preferences(clock, delay_s=delay_s, brands=world.get("brands") or ())
        self.preferences.listeners.append(self._mirror_status)
        self.mail_events = MailEvents(self.portal_id, world.get("campaigns") or ())
        most = int(world.get("pipelines_allowed", TIERS[self.tier].pipelines))
        self.pipelines = {
            kind.type_id: Pipelines(now, most) for kind in OBJECT_TYPES if kind.has_pipelines
        }
        self.indexes = {
            kind.type_id: SearchIndex(clock, faults, kind.modified) for kind in OBJECT_TYPES
        }
        self.writes = {kind.type_id: self._opened(kind, now) for kind in OBJECT_TYPES}
        rules = [WriteRule.of(row) for row in world.get("write_rules") or ()]
        for rule in rules:
            self.of(rule.object).rules += (rule,)
        self.sums = Sums(self.writes, self.associations)
        self.last_activity = LastActivity(self.writes, self.associations)
        self._makes_companies = bool(world.get("auto_create_and_associate_companies", False))
        self._by_domain: dict[str, str] = {}
        self._follow()
        self.lists = Lists(self.writes, self.indexes, clock)
        self._install(world, now)

    def rotate_token(self) -> str:
        """Give the product's app another access token, which takes the place of the old one."""
        self._rotations += 1
        key = derived_key(self._seed, self.portal_id, f"product {self._rotations}")
        self.access_token = f"sim-product-{key}"
        return self.access_token

    @property
    def product(self) -> Actor:
        """The product's app as the author of changes."""
        return Actor("INTEGRATION", str(self.app_id), is_product=True)

    @property
    def person(self) -> Actor:
        """A person in the portal's pages as the author of changes."""
        return Actor("CRM_UI", "userId:4321", user_id=4321)

    def of(self, name: str) -> Writes:
        """Return the records of a type by its name in any case [S], plural or id. Raises 400 for an
        unknown type.
        """
        kind = BY_NAME.get(name.lower())
        if kind is None:
            raise invalid(f"Unable to infer object type from: {name}")
        return self.writes[kind.type_id]

    def merge(self, name: str, primary_id: str, other_id: str, actor: Actor) -> Record:
        """Merge two records of a type; the survivor takes their place in lists. Raises 404
        or 400.
        """
        writes = self.of(name)
        if writes.kind.is_activity:
            raise MissingPageError
        primary, other = writes.living(primary_id), writes.living(other_id)
        survivor = self.merging.merge(writes, primary, other, actor)
        self._mirror_all(
            writes.kind.type_id, survivor.id, self._mirrored(writes.kind.type_id, survivor.id)
        )
        place = (writes.kind.type_id, survivor.id)
        self.sums.count(place, *self.sums.dependants(*place))
        self.last_activity.count([place])
        self.lists.replace_member(writes.kind.type_id, (primary.id, other.id), survivor.id)
        return survivor

    def remove(self, name: str, record: Record, actor: Actor) -> None:
        """Archive a record and remove its associations; a restore does not bring them back [M]."""
        writes = self.of(name)
        mirrored = self._mirrored(writes.kind.type_id, record.id)
        counted = self.sums.dependants(writes.kind.type_id, record.id)
        showing = self.last_activity.records_of(writes.kind.type_id, record.id)
        writes.archive(record, actor)
        self.associations.forget(writes.kind.type_id, record.id)
        self._mirror_all(writes.kind.type_id, record.id, mirrored)
        self.sums.count(*counted)
        self.last_activity.count(showing)

    def restore(self, name: str, record: Record, actor: Actor) -> None:
        """Restore a record from the recycle bin, without its former associations [M], which its
        property mirrors. An opt-out belongs to the address, so a contact shows one of meanwhile
        [M]. Raises the clash of a unique value.
        """
        writes = self.of(name)
        writes.restore(record, actor)
        if writes.kind is CONTACT:
            self._status_of_new_address(record, {"email": record.value("email")}, actor)
        for pair in MIRRORS:
            if pair[0] == writes.kind.type_id:
                self._mirror(pair, record.id, "")
        self.sums.count((writes.kind.type_id, record.id))

    def link(
        self, pair: Pair, from_id: str, to_id: str, specs: list[tuple[str, int]], actor: Actor
    ) -> list[tuple[str, int]]:
        """Associate two living records. Raises 404 or 400."""
        one, other = self.writes[pair[0]].living(from_id), self.writes[pair[1]].living(to_id)
        made = self.associations.link(pair, one.id, other.id, specs, actor)
        self._mirror(pair, one.id, other.id)
        self._count(pair, one.id, other.id)
        return sorted(made)

    def unlink(
        self,
        pair: Pair,
        from_id: str,
        to_id: str,
        actor: Actor,
        specs: list[tuple[str, int]] | None = None,
    ) -> None:
        """Remove associations between two records; idempotent."""
        self.associations.unlink(pair, from_id, to_id, actor, specs)
        self._mirror(pair, from_id, to_id)
        self._count(pair, from_id, to_id)

    def _count(self, pair: Pair, from_id: str, to_id: str) -> None:
        ends = ((pair[0], from_id), (pair[1], to_id))
        if DEAL.type_id in pair:
            self.sums.count(*ends)
        if any(self.writes[type_id].kind.is_activity for type_id in pair):
            self.last_activity.count(ends)

    def _opened(self, kind: ObjectType, now: int) -> Writes:
        table = RecordTable(kind, Schema(kind.type_id, now))
        index, pipelines = self.indexes[kind.type_id], self.pipelines.get(kind.type_id)
        return Writes(table, index, self.owners, pipelines, self.clock, self.webhooks.note)

    def _follow(self) -> None:
        contacts, companies = self.writes[CONTACT.type_id], self.writes[COMPANY.type_id]
        contacts.followers += [
            self._status_of_new_address,
            self._primary_by_property,
            self._company_by_domain,
        ]
        companies.followers.append(self._note_domain)
        for definition in self.preferences.definitions.values():
            name = property_of(definition.id)
            contacts.table.schema.properties[name] = Property(
                name=name,
                label=f"Opted out of email: {definition.name}",
                type="bool",
                field_type="booleancheckbox",
                options=boolean_options(),
                is_read_only=True,
                is_hubspot_defined=True,
                created_ms=definition.created_ms,
                updated_ms=definition.created_ms,
            )

    def _install(self, world: Mapping[str, Any], now: int) -> None:
        for name, definitions in (world.get("properties") or {}).items():
            self.of(name).table.schema.install(definitions, now)
        for row in world.get("lists") or ():
            self.lists.install(row)
        for row in world.get("association_limits") or ():
            pair = (self.of(row["from"]).kind.type_id, self.of(row["to"]).kind.type_id)
            self.associations.limit(pair, int(row["max"]))

    def _mirrored(self, type_id: str, record_id: str) -> list[Pair]:
        """Return (type, id) of the records with a property that mirrors their association with this
        record.
        """
        return [
            (one, other_id)
            for one, other in MIRRORS
            if other == type_id
            for other_id in self.associations.of((other, one), record_id)
        ]

    def _mirror_all(self, type_id: str, record_id: str, mirrored: list[Pair]) -> None:
        for one, other_id in mirrored:
            self._mirror((one, type_id), other_id, record_id)

    def _mirror(self, pair: Pair, from_id: str, to_id: str) -> None:
        for way, record_id in ((pair, from_id), (pair[::-1], to_id)):
            name = MIRRORS.get(way)
            record = self.writes[way[0]].table.by_id(record_id)
            if name and record is not None and record.archived_ms is None:
                primary = self.associations.primary(way, record_id)
                if record.value(name) != primary:
                    self.writes[way[0]].apply(record, {name: primary}, INSIGHTS)

    def _mirror_status(self, address: str, actor: Actor) -> None:
        contacts = self.writes[CONTACT.type_id]
        contact = contacts.table.by_key("email", address)
        if contact is not None and contact.value("email") == address:
            contacts.apply(contact, self.preferences.properties(address), actor)

    def _status_of_new_address(
        self, contact: Record, changed: Mapping[str, str], actor: Actor
    ) -> None:
        if changed.get("email"):
            values = self.preferences.properties(changed["email"])
            known = {name: value for name, value in values.items() if value or contact.value(name)}
            if known:
                self.writes[CONTACT.type_id].apply(contact, known, actor)

    def _primary_by_property(
        self, contact: Record, changed: Mapping[str, str], actor: Actor
    ) -> None:
        pair = (CONTACT.type_id, COMPANY.type_id)
        company_id = changed.get("associatedcompanyid")
        current = self.associations.primary(pair, contact.id)
        if company_id is None or company_id == current:
            return
        if not company_id:  # Emptying the property takes the company away [M].
            self.associations.unlink(pair, contact.id, current, actor)
        company = self.writes[COMPANY.type_id].table.by_id(company_id)
        if company is not None:
            self.associations.link(pair, contact.id, company.id, [(HUBSPOT, 1)], actor)

    def _note_domain(self, company: Record, changed: Mapping[str, str], _actor: Actor) -> None:
        if changed.get("domain"):
            self._by_domain.setdefault(changed["domain"].lower(), company.id)

    def _company_by_domain(
        self, contact: Record, changed: Mapping[str, str], _actor: Actor
    ) -> None:
        domain = changed.get("email", "").rpartition("@")[2]
        pair = (CONTACT.type_id, COMPANY.type_id)
        if (
            not self._makes_companies
            or not domain
            or domain in FREE_MAIL_DOMAINS
            or self.associations.of(pair, contact.id)
        ):
            return
        companies = self.writes[COMPANY.type_id]
        company = companies.table.by_id(self._by_domain.get(domain, ""))
        if company is None or company.archived_ms is not None:
            self._by_domain.pop(domain, None)
            name = domain.split(".", maxsplit=1)[0].title()
            company = companies.create({"domain": domain, "name": name}, INSIGHTS)
        self.link(pair, contact.id, company.id, [], INSIGHTS)


DEFAULT_OWNERS = ({"email": "casey@example.com", "firstName": "Casey", "lastName": "Example"},)

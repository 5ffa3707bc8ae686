"""Renew the fingerprints of a link with the key in use, once both records show what the link has as
agreed on.

Law: a fingerprint does not contain its value, so it can be renewed only where a record shows the
value or the plan writes it. If one of them cannot be renewed (an edit that has still to cross, a
mapping that rests), the whole link keeps its key. So nothing counts as agreed on that was not, and
nothing as changed that was not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from crmsync.model.crm_names import HUBSPOT_OWNER, PRIMARY_COMPANY, SALESFORCE_OWNER
from crmsync.model.effects import Associate, DropLink, SaveLink, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.fields import ValueFormat
from crmsync.model.fingerprints import PENDING, UNAGREED, Base, Fingerprinter, tag
from crmsync.model.links import Intent, Link, LinkState
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.fields.values import canonical, compared_format, day_before_zones
from crmsync.rules.merge.baseline import key_of
from crmsync.rules.merge.intents import has_arrived
from crmsync.rules.merge.ruleset import ObjectMapping, Ruleset

_KEYLESS = frozenset({UNAGREED}) | PENDING
"""Entries of a base that stand for no value and are the same under every key."""

_OWNER_FIELD: Mapping[Side, str] = {
    Side.HUBSPOT: HUBSPOT_OWNER,
    Side.SALESFORCE: SALESFORCE_OWNER,
}


def ruleset_for(link: Link | None, ruleset: Ruleset) -> Ruleset:
    """The ruleset by which a link is read and planned: its fingerprints are made with the link's
    own key.
    """
    if link is None or link.key == ruleset.fingerprinter.number:
        return ruleset
    return replace(ruleset, fingerprinter=ruleset.fingerprinter.of(link.key))


def readable(link: Link, ruleset: Ruleset) -> Link:
    """The link as it can be planned. If its key is gone, nothing is agreed on any more, as if the
    two records had never been synced.
    """
    if ruleset.fingerprinter.knows(link.key) or link.state is not LinkState.ACTIVE:
        return link
    return replace(
        link,
        hubspot_base=Base(),
        salesforce_base=Base(),
        hubspot_intent=replace(link.hubspot_intent, replaces={}),
        salesforce_intent=replace(link.salesforce_intent, replaces={}),
        tying=Intent(),
        key=ruleset.fingerprinter.number,
    )


def with_newer_fingerprints(plan: Plan, facts: Facts, ruleset: Ruleset) -> Plan:
    """The plan with renewed fingerprints in the link that it saves, where the link has an earlier
    key and they can be renewed.

    If the plan saves no link and both records show what was agreed on, the renewed link is saved.
    """
    link, hubspot, salesforce = facts.link, facts.hubspot, facts.salesforce
    if link is None or hubspot is None or salesforce is None:
        return plan
    sides = [_Shown(record, salesforce, plan, link, ruleset) for record in (hubspot, salesforce)]
    saves = [one for one in plan.effects if isinstance(one, SaveLink)]
    if saves:
        renewed = {id(one): replace(one, link=_renewed(one.link, sides, ruleset)) for one in saves}
        return replace(plan, effects=tuple(renewed.get(id(one), one) for one in plan.effects))
    is_current = link.state is LinkState.ACTIVE and (link.hubspot, link.salesforce) == (
        hubspot.ref,
        salesforce.ref,
    )
    newer = _renewed(link, sides, ruleset) if is_current else link
    if newer == link or any(isinstance(one, DropLink) for one in plan.effects):
        return plan
    return replace(plan, effects=(SaveLink(newer), *plan.effects))


def _renewed(link: Link, sides: Iterable[_Shown], ruleset: Ruleset) -> Link:
    """The link under the key in use, or unchanged where one of its fingerprints cannot be
    renewed.
    """
    if link.key == ruleset.fingerprinter.number or link.tying.replaces:
        return link
    parts = {
        one.side: (one.base(link.base(one.side)), one.intent(link.intent(one.side)))
        for one in sides
    }
    (hubspot_base, hubspot_intent), (salesforce_base, salesforce_intent) = (
        parts[side] for side in Side
    )
    if (
        hubspot_base is None
        or salesforce_base is None
        or hubspot_intent is None
        or salesforce_intent is None
    ):
        return link
    return replace(
        link,
        hubspot_base=hubspot_base,
        salesforce_base=salesforce_base,
        hubspot_intent=hubspot_intent,
        salesforce_intent=salesforce_intent,
        key=ruleset.fingerprinter.number,
    )


class _Shown:
    """The fingerprints of one side that can be renewed: of what its record shows, and of what the
    plan writes there.
    """

    def __init__(
        self, record: Record, salesforce: Record, plan: Plan, link: Link, ruleset: Ruleset
    ) -> None:
        """Fingerprint all values of `record` with the link's key and with the one in use."""
        self.side = record.ref.side
        mappings = tuple(_mappings(salesforce, ruleset))
        self._resting = {
            tag(key_of(rule.on(self.side), compared_format(rule, self.side)))
            for mapping in mappings
            for rule in mapping.resting
        }
        self._renewals: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self._arrived = link.intent(self.side) if has_arrived(record, link, ruleset) else None
        old = ruleset.fingerprinter.of(link.key)
        written = list(_written(record.ref, plan))
        for mapping in mappings:
            for name, form in mapping.forms(self.side).items():
                values = [
                    record.fields.get(name),
                    None,
                    *(fields[name] for fields in written if name in fields),
                ]
                self._take(
                    form.key,
                    _canonical_forms(form.value_format, values),
                    old,
                    ruleset.fingerprinter,
                )
        owner = _OWNER_FIELD[self.side]
        last = link.hubspot_owner if self.side is Side.HUBSPOT else link.salesforce_owner
        ids = {
            str(one or "")
            for one in (record.fields.get(owner), last, *(fields.get(owner) for fields in written))
        }
        self._take(owner, ids, old, ruleset.fingerprinter)

    def base(self, base: Base) -> Base | None:
        """The base with all fingerprints renewed, None where one cannot be. Fields that are no
        longer mapped are dropped.
        """
        fingerprints: dict[bytes, bytes] = {}
        for key, fingerprint in base.fingerprints.items():
            if fingerprint in _KEYLESS:
                fingerprints[key] = fingerprint
            elif key in self._resting or (
                key in self._renewals and fingerprint not in self._renewals[key]
            ):
                return None
            elif key in self._renewals:
                fingerprints[key] = self._renewals[key][fingerprint]
        return Base(fingerprints)

    def intent(self, intent: Intent) -> Intent | None:
        """The write in flight, likewise. Nothing of it is dropped unless it has arrived."""
        if intent == self._arrived:
            return replace(intent, replaces={}, at=None)
        replaces: dict[bytes, frozenset[bytes]] = {}
        values: dict[bytes, frozenset[bytes]] = {}
        earlier = intent.earlier
        for key, fingerprints in intent.replaces.items():
            known = {fingerprint: fingerprint for fingerprint in _KEYLESS} | self._renewals.get(
                key, {}
            )
            if fingerprints - known.keys():
                return None
            replaces[key] = frozenset(known[fingerprint] for fingerprint in fingerprints)
            if earlier and key in earlier.values:
                left = fingerprints & earlier.values[key]
                values[key] = frozenset(known[fingerprint] for fingerprint in left)
        if earlier:
            earlier = replace(earlier, values=values)
        return replace(intent, replaces=replaces, earlier=earlier)

    def _take(
        self, key: str, values: Iterable[Value], old: Fingerprinter, new: Fingerprinter
    ) -> None:
        for value in values:
            self._renewals[tag(key)] |= {
                old.fingerprint(key, value): new.fingerprint(key, value),
                old.fingerprint_diverged(key, value): new.fingerprint_diverged(key, value),
            }


def _mappings(salesforce: Record, ruleset: Ruleset) -> Iterator[ObjectMapping]:
    """Every mapping that applies to a Salesforce record, or may apply to it again."""
    if own := ruleset.mappings.get(salesforce.ref.object):
        yield own
    yield from ruleset.special_mappings


def _canonical_forms(value_format: ValueFormat, values: Iterable[Value]) -> Iterator[Value]:
    """The values in the forms in which they are fingerprinted."""
    for value in values:
        yield canonical(value_format, value)
        if day := day_before_zones(value_format, value):
            yield day


def _written(ref: Ref, plan: Plan) -> Iterator[Mapping[str, Value]]:
    """What a plan writes to a record, field by field."""
    for one in plan.effects:
        if isinstance(one, UpdateRecord) and one.place == ref:
            yield one.fields
        elif (
            isinstance(one, Associate)
            and one.primary
            and one.place == ref
            and isinstance(one.other, Ref)
        ):
            yield {PRIMARY_COMPANY: one.other.id}

"""Who owns a record (OWN-1 to OWN-13, Q-13 to Q-18).

Owners are matched by name and e-mail address together, or by the operator's own map. An owner
without a match is shown, never guessed: the Salesforce owner's id and name are in two HubSpot
properties of our own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from crmsync.model.conflicts import FieldConflict
from crmsync.model.crm_names import HUBSPOT_OWNER, SALESFORCE_OWNER
from crmsync.model.fields import Update
from crmsync.model.kinds.emails import normalise_email
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.links import Link
from crmsync.model.records import Kind, Record, Side, Value
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.policies import MergePart, newest_of

SHOWN_ID = "crmsync_owner_id"
SHOWN_NAME = "crmsync_owner_name"
"""The properties of our own that show who owns the Salesforce record."""

_RULES: Mapping[Kind, Mapping[str, str]] = MappingProxyType(
    {Kind.ACCOUNT: MappingProxyType({"OWN-11": "OWN-16", "OWN-12": "OWN-17"})}
)
"""Rules of contacts that have other ids for other kinds."""

_Person = tuple[str, str]


@dataclass(frozen=True, slots=True)
class OwnerMatches:
    """The owners of both sides, matched.

    Attributes:
        to_salesforce: HubSpot owner id -> Salesforce user id, active users only (OWN-6).
        to_hubspot: Salesforce owner id -> HubSpot owner id, for every owner with a match (OWN-5).
        salesforce: Salesforce owner id -> owner.
        hubspot: HubSpot owner id -> owner.
    """

    to_salesforce: Mapping[str, str] = field(default_factory=dict)
    to_hubspot: Mapping[str, str] = field(default_factory=dict)
    salesforce: Mapping[str, Owner] = field(default_factory=dict)
    hubspot: Mapping[str, Owner] = field(default_factory=dict)

    def is_active(self, salesforce_owner: str) -> bool:
        """Whether a Salesforce owner is an active user or a queue."""
        owner = self.salesforce.get(salesforce_owner)
        return owner is not None and owner.is_active

    def name_of(self, salesforce_owner: str) -> str:
        """The name of a Salesforce owner, "" for an unknown one."""
        owner = self.salesforce.get(salesforce_owner)
        return owner.name if owner else ""

    def agree(self, hubspot_owner: str, salesforce_owner: str) -> bool:
        """Whether the two are the same person."""
        return bool(hubspot_owner) and self.to_hubspot.get(salesforce_owner) == hubspot_owner


def match_owners(owners: Owners, pinned: Mapping[str, str] | None = None) -> OwnerMatches:
    """Match the owners of both sides.

    `pinned` is the operator's own map, HubSpot address -> Salesforce address or id, and takes
    precedence (CH-30). Names and addresses are compared trimmed and case-insensitively, and both
    must agree; an owner whom two users match has no match (Q-17).
    """
    pinned = {normalise_email(one): other.strip() for one, other in (pinned or {}).items()}
    users = [user for user in owners.salesforce if user.email]
    to_salesforce: dict[str, str] = {}
    to_hubspot: dict[str, str] = {}
    for owner in owners.hubspot:
        wanted = pinned.get(normalise_email(owner.email))
        matches = [
            user
            for user in users
            if (_is(user, wanted) if wanted else _person(user) == _person(owner))
        ]
        active = [user for user in matches if user.is_active]
        if len(active) == 1:
            to_salesforce[owner.id] = active[0].id
        if owner.is_active:
            for user in matches if len(active) <= 1 else ():
                to_hubspot[user.id] = owner.id
    return OwnerMatches(
        to_salesforce,
        to_hubspot,
        {user.id: user for user in owners.salesforce},
        {owner.id: owner for owner in owners.hubspot},
    )


@dataclass(frozen=True, slots=True)
class OwnerDecision:
    """What becomes of the owners of a pair.

    Attributes:
        hubspot: The HubSpot owner to write, "" to clear it, None to leave it.
        salesforce: The Salesforce owner to write, None to leave it.
        because: The rule, "" where nothing is written.
    """

    hubspot: str | None = None
    salesforce: str | None = None
    because: str = ""


NO_CHANGE = OwnerDecision()


@dataclass(frozen=True, slots=True)
class OwnerPart(MergePart):
    """What the owners contribute to the merge of a pair.

    Attributes:
        decision: Which owner to write where.
        agreed: Both owners after the merge, HubSpot's first; None where they were never compared.
    """

    decision: OwnerDecision = NO_CHANGE
    agreed: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, slots=True)
class OwnerState:
    """The owners of a pair, now and at its last sync.

    Attributes:
        hubspot: The HubSpot owner, "" = none.
        salesforce: The Salesforce owner, "" = none.
        last_hubspot: The HubSpot owner at the last sync, None before the first.
        last_salesforce: The Salesforce owner at the last sync, None before the first.
        overtaken: The Salesforce owner whom an older write of ours has replaced, "" = none.
    """

    hubspot: str
    salesforce: str
    last_hubspot: str | None
    last_salesforce: str | None
    overtaken: str = ""

    @property
    def is_first(self) -> bool:
        """Whether the owners of the pair were never compared."""
        return self.last_hubspot is None or self.last_salesforce is None

    @property
    def both_changed(self) -> bool:
        """Whether both owners have changed since the last sync."""
        return (
            not self.is_first
            and self.hubspot != self.last_hubspot
            and self.salesforce != self.last_salesforce
        )


def owners_of(hubspot: Record, salesforce: Record, link: Link | None) -> OwnerState:
    """The owners of a pair, now and at the last sync."""
    last = link.owners if link else (None, None)
    return OwnerState(
        str(hubspot.fields.get(HUBSPOT_OWNER) or ""),
        str(salesforce.fields.get(SALESFORCE_OWNER) or ""),
        *last,
        link.overtaken_owner if link else "",
    )


def merge_owners(
    hubspot: SideView,
    salesforce: SideView,
    link: Link | None,
    *,
    kind: Kind,
    matches: OwnerMatches,
    our_app: str,
) -> OwnerPart:
    """Decide the owners of a pair."""
    owners = owners_of(hubspot.record, salesforce.record, link)
    newest = newest_of(HUBSPOT_OWNER, hubspot.record, salesforce.record, our_app)
    decision = decide_owner(owners, newest, matches)
    because = (rule_of(kind, decision.because),)
    to_hubspot: dict[str, Value] = {}
    to_salesforce: dict[str, Value] = {}
    hubspot_owner, salesforce_owner = owners.hubspot, owners.salesforce
    if decision.salesforce is not None:
        to_salesforce[SALESFORCE_OWNER] = salesforce_owner = decision.salesforce
    if decision.hubspot is not None:
        hubspot_owner = decision.hubspot
        to_hubspot[HUBSPOT_OWNER] = hubspot_owner or None
    conflicts: tuple[FieldConflict, ...] = ()
    if owners.both_changed and decision != NO_CHANGE:
        fields, values = (HUBSPOT_OWNER, SALESFORCE_OWNER), (owners.hubspot, owners.salesforce)
        conflicts = (FieldConflict(*fields, *values, Update.TWO_WAY, newest),)
    return OwnerPart(
        to_hubspot,
        to_salesforce,
        because if to_hubspot else (),
        because if to_salesforce else (),
        conflicts,
        undecided=owners.both_changed
        and HUBSPOT_OWNER not in hubspot.record.origins
        and not matches.agree(owners.hubspot, owners.salesforce),
        decision=decision,
        agreed=(hubspot_owner, salesforce_owner),
    )


def outdated_owner(
    hubspot: Record, salesforce_owner: str, matches: OwnerMatches
) -> Mapping[str, Value]:
    """The properties of ours in which a HubSpot record does not show yet who owns the Salesforce
    record, with their new values (Q-18).
    """
    shown = {
        SHOWN_ID: salesforce_owner or None,
        SHOWN_NAME: matches.name_of(salesforce_owner) or None,
    }
    return {name: value for name, value in shown.items() if hubspot.fields.get(name) != value}


def of_activity(part: OwnerPart, owners: OwnerState, goes_to: Collection[Side]) -> OwnerPart:
    """What the owners contribute to the merge of an activity (ACT-6): each side keeps its own at
    the first meeting, and an owner crosses only to the sides in `goes_to`.
    """
    stays = (
        owners.is_first
        or (part.to_hubspot and Side.HUBSPOT not in goes_to)
        or (part.to_salesforce and Side.SALESFORCE not in goes_to)
    )
    return OwnerPart(agreed=(owners.hubspot, owners.salesforce)) if stays else part


def decide_owner(owners: OwnerState, newest: Side, matches: OwnerMatches) -> OwnerDecision:
    """Decide the owners of a pair. `newest` is the side with the more recent owner; it counts only
    where both changed.
    """
    if matches.agree(owners.hubspot, owners.salesforce):
        return NO_CHANGE
    if owners.is_first:
        return _first(owners, matches)
    hubspot_changed = owners.hubspot != owners.last_hubspot
    salesforce_changed = owners.salesforce != owners.last_salesforce
    if salesforce_changed and (newest is Side.SALESFORCE or not hubspot_changed):
        return _to_hubspot(owners, matches, "OWN-12")
    return _from_hubspot(owners, matches) if hubspot_changed else NO_CHANGE


def _from_hubspot(owners: OwnerState, matches: OwnerMatches) -> OwnerDecision:
    """A new owner in HubSpot crosses, if active in Salesforce; nobody stays (OWN-7, OWN-12).

    What an older write of ours has left in Salesforce is nobody's choice: where HubSpot's owner
    does not replace it, the owner whom it has overtaken does.
    """
    user = matches.to_salesforce.get(owners.hubspot)
    if user:
        return OwnerDecision(salesforce=user, because="OWN-12")
    back = owners.overtaken if matches.is_active(owners.overtaken) else None
    if not owners.hubspot:
        return OwnerDecision(salesforce=back, because="OWN-12") if back else NO_CHANGE
    last = replace(owners, salesforce=back or owners.salesforce)
    decision = _to_hubspot(last, matches, "OWN-7")
    return replace(decision, salesforce=back, because="OWN-7") if back else decision


def rule_of(kind: Kind, because: str) -> str:
    """The id that a rule of contacts has for records of `kind`."""
    return _RULES.get(kind, {}).get(because, because)


def owner_for_new(hubspot_owner: str, matches: OwnerMatches) -> str | None:
    """The owner of a new Salesforce record: the active user who matches the HubSpot owner (OWN-8),
    else None.

    Without a match a lead goes through the assignment rules (OWN-9). Where those name nobody, as
    for a contact, Salesforce makes the integration user the owner (OWN-13, Q-14, Q-15).
    """
    return matches.to_salesforce.get(hubspot_owner)


def _first(owners: OwnerState, matches: OwnerMatches) -> OwnerDecision:
    if matches.is_active(owners.salesforce):
        return _to_hubspot(owners, matches, "OWN-11")
    user = matches.to_salesforce.get(owners.hubspot)
    return OwnerDecision(salesforce=user, because="OWN-11") if user else NO_CHANGE


def _to_hubspot(owners: OwnerState, matches: OwnerMatches, because: str) -> OwnerDecision:
    """Q-18: the matching HubSpot owner, or none where nobody matches."""
    owner = matches.to_hubspot.get(owners.salesforce, "")
    return NO_CHANGE if owner == owners.hubspot else OwnerDecision(hubspot=owner, because=because)


def _person(owner: Owner) -> _Person:
    return " ".join(owner.name.split()).lower(), normalise_email(owner.email)


def _is(user: Owner, wanted: str) -> bool:
    return wanted == user.id or wanted.lower() == normalise_email(user.email)

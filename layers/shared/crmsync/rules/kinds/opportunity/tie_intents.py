"""What was announced of ties, and what has become of it: of a deal's contacts, and of the contact
roles of its opportunity.

Law: a tie that was announced counts as made once it is seen, or once its later removal is reported;
likewise one that was to be removed. While neither is known, nothing is done to it until every
report must have arrived; then it counts as never made. A tie shows no revision, so it cannot be
recognised as ours as a field can (`crmsync.rules.merge.intents`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from crmsync.model import names
from crmsync.model.changes import TieEvent
from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.fingerprints import Fingerprinter, tag
from crmsync.model.kinds.roles import Role
from crmsync.model.links import Intent, Link
from crmsync.model.records import Ref, Side
from crmsync.rules.kinds.opportunity.roles import RoleDecision
from crmsync.rules.kinds.opportunity.ruleset import CONTACTS

LATEST_EVENT_AFTER = timedelta(minutes=15)
"""How long an announced tie that is not seen is left alone: the message of a worker that died comes
again after twelve minutes, and what people did until then is reported within three.
"""

_ASSOCIATED, _PARTED, _GIVEN, _ENDED = "associated", "parted", "given a role", "role ended"
"""What is announced for a contact."""

_ROLES = "roles"
"""The roles that are to be ended are announced as well, so that another role of the same contact is
recognised as a person's.
"""

Announced: TypeAlias = Mapping[bytes, frozenset[bytes]]
"""The fingerprints of what is announced: under the tag of `CONTACTS` whose ties, under that of
`_ROLES` which roles.
"""


@dataclass(frozen=True, slots=True)
class Ties:
    """The contacts that are tied to a deal and its opportunity.

    Attributes:
        associated: The HubSpot contacts of the deal.
        roles: The roles that exist.
        across: HubSpot contact -> the Salesforce contact that it syncs with.
    """

    associated: frozenset[Ref]
    roles: tuple[Role, ...]
    across: dict[Ref, Ref]
    """HubSpot contact -> the Salesforce contact that it syncs with."""


@dataclass(frozen=True, slots=True)
class ResolvedTies:
    """The outcome of the ties that were announced.

    Attributes:
        agreed: The ids of the HubSpot contacts that both sides agreed on.
        in_doubt: The contacts to which nothing is done for now.
        open: The announcements whose outcome is not known yet.
    """

    agreed: frozenset[str]
    in_doubt: frozenset[Ref] = frozenset()
    open: Announced = field(default_factory=dict)


def may_events_follow(link: Link, now: datetime) -> bool:
    """Whether a report about a tie that was announced for the pair may still arrive."""
    tying = link.tying
    return bool(tying.replaces) and (tying.at is None or now - tying.at < LATEST_EVENT_AFTER)


def announce_ties(decision: RoleDecision, ties: Ties, fingerprinter: Fingerprinter) -> Announced:
    """What is about to be tied or untied, on which side."""
    mine = {theirs: mine for mine, theirs in ties.across.items()}
    ended = [role for role in ties.roles if role.ref in decision.end and role.contact in mine]
    announced = (
        *((_ASSOCIATED, one) for one in decision.associate),
        *((_PARTED, one) for one in decision.leave),
        *((_GIVEN, one) for one, _ in decision.add),
        *((_ENDED, mine[role.contact]) for role in ended),
    )
    return _announced(
        frozenset(fingerprinter.fingerprint(what, one.id) for what, one in announced),
        frozenset(fingerprinter.fingerprint(_ROLES, role.ref.id) for role in ended),
    )


def announcing_ties(link: Link, new: Announced, still_open: Announced) -> Link:
    """The link with the new announcements and those that are still open.

    Without a new announcement, the time stays that of the old one.
    """
    both = {
        key: new.get(key, frozenset()) | still_open.get(key, frozenset())
        for key in {*new, *still_open}
    }
    return replace(link, tying=Intent(replaces=both, at=None if new or not both else link.tying.at))


def resolve_announced_ties(
    link: Link,
    ties: Ties,
    news: Sequence[TieEvent],
    portal_id: int,
    fingerprinter: Fingerprinter,
    *,
    is_open: bool,
) -> ResolvedTies:
    """Find out what has become of the ties that the link announced.

    `news` is what people did; `is_open` means that more of it may still be on its way.
    """
    announced = link.tying.replaces
    if not announced:
        return ResolvedTies(frozenset(link.tied))
    newest = _newest(news, link.tying.at)
    fingerprints, roles = (
        announced.get(tag(CONTACTS), frozenset()),
        announced.get(tag(_ROLES), frozenset()),
    )
    agreed, doubt, known, to_end = set(link.tied), set[Ref](), set[bytes](), set[bytes]()
    for contact in sorted(
        {
            *ties.associated,
            *ties.across,
            *(Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one) for one in link.tied),
        }
    ):
        for case in _cases(contact, ties, link, portal_id, roles, fingerprinter):
            if case.fingerprint not in fingerprints:
                continue
            event = newest.get(
                contact if case.side is Side.HUBSPOT else ties.across.get(contact, contact)
            )
            if case.is_done(event):
                known.add(case.fingerprint)
                if not (case.ties and case.is_a_persons(event)):
                    (agreed.add if case.ties else agreed.discard)(contact.id)
            elif is_open:
                doubt.add(contact)
                to_end |= case.roles
    still_open = _announced(fingerprints - known, frozenset(to_end)) if is_open else {}
    return ResolvedTies(frozenset(agreed), frozenset(doubt), still_open)


def _announced(fingerprints: frozenset[bytes], roles: frozenset[bytes]) -> Announced:
    return {
        key: some for key, some in ((tag(CONTACTS), fingerprints), (tag(_ROLES), roles)) if some
    }


@dataclass(frozen=True, slots=True)
class _Case:
    """A tie or its removal that may have been announced for a contact on one side, and what that
    side shows now.

    Attributes:
        fingerprint: The fingerprint under which it was announced.
        side: The side.
        ties: Whether the contact was to be tied; otherwise it was to be untied.
        exists: Whether the side shows a tie.
        is_other: Whether that tie is surely not the announced one.
        roles: The fingerprints of the roles that were to be ended.
    """

    fingerprint: bytes
    side: Side
    ties: bool
    exists: bool
    is_other: bool = False
    roles: frozenset[bytes] = frozenset()

    def is_done(self, event: TieEvent | None) -> bool:
        """Whether it was done: the side shows it, or an event says that it was undone since."""
        return (
            self.exists is self.ties
            or (event is not None and event.is_gone is self.ties)
            or self.is_a_persons(event)
        )

    def is_a_persons(self, event: TieEvent | None) -> bool:
        """Whether the present tie is another one, which a person has made since."""
        return self.exists and (self.is_other or (event is not None and not event.is_gone))


def _cases(
    contact: Ref,
    ties: Ties,
    link: Link,
    portal_id: int,
    announced: frozenset[bytes],
    fingerprinter: Fingerprinter,
) -> Iterator[_Case]:
    deal = link.hubspot.id if isinstance(link.hubspot, Ref) else ""
    roles = [
        one for one in ties.roles if one.contact == ties.across.get(contact) and not one.is_deleted
    ]
    begins = role_key(portal_id, deal, contact.id, "")
    is_ours = any(one.key.startswith(begins) for one in roles)
    to_end = frozenset(fingerprinter.fingerprint(_ROLES, one.ref.id) for one in roles) & announced
    is_here, has_role = contact in ties.associated, bool(roles)

    def fingerprint(what: str) -> bytes:
        return fingerprinter.fingerprint(what, contact.id)

    yield _Case(fingerprint(_ASSOCIATED), Side.HUBSPOT, ties=True, exists=is_here)
    yield _Case(fingerprint(_PARTED), Side.HUBSPOT, ties=False, exists=is_here)
    yield _Case(
        fingerprint(_GIVEN), Side.SALESFORCE, ties=True, exists=has_role, is_other=not is_ours
    )
    yield _Case(
        fingerprint(_ENDED),
        Side.SALESFORCE,
        ties=False,
        exists=has_role,
        is_other=not to_end,
        roles=to_end,
    )


def _newest(news: Sequence[TieEvent], since: datetime | None) -> dict[Ref, TieEvent]:
    """The newest report about each contact since the announcement."""
    event = sorted(
        (one for one in news if since is None or one.at >= since), key=lambda one: one.at
    )
    return {one.contact: one for one in event}


def role_key(portal_id: int, deal: str, contact: str, salesforce: str) -> str:
    """The key under which a contact's role is made, so that a repeat makes no second one.

    It has the Salesforce contact's id as well: a role goes with that contact into the one that it
    is merged into, while the HubSpot contact may get another counterpart, with a role of its own.
    """
    return f"{names.salesforce_key(portal_id, deal)}-{contact}-{salesforce}"

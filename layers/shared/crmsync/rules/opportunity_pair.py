"""Who is tied to a deal and its opportunity, in a plan: associations, contact roles (OPP-9 to OPP-12), and whose roll-ups follow (ROLL-1).

Takes the plan of the pair's fields and puts these effects after its writes; the link says that they are done only when they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from crmsync.model import names
from crmsync.model.changes import Cause, Change
from crmsync.model.effects import (
    Associate,
    CreateRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    Look,
    Plan,
    Report,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.links import Intent, Link, Slot, tag
from crmsync.model.records import Record, Ref, Side
from crmsync.model.roles import Role
from crmsync.rules import deal_stages
from crmsync.rules.base import rebased, view
from crmsync.rules.book import Book
from crmsync.rules.opportunity_book import CONTACTS, COUNTED, OPPORTUNITY, contacts_beside
from crmsync.rules.parents import SALESFORCE_FIELD
from crmsync.rules.roles import RoleVerdict, decide_roles

ROLE = "OpportunityContactRole"
CONTACT = "contact"

_STAGED = frozenset({deal_stages.STAGE_NAME})
_COUNTED = frozenset({*COUNTED, *_STAGED})
_QUIET_CAUSES = frozenset({Cause.EDITED})
_BY_HAND = frozenset({Cause.RESYNC, Cause.FORCED})


@dataclass(frozen=True, slots=True)
class Tied:
    """Who is tied to a deal or an opportunity: the deal with its contacts beside it, all roles, and who is whose counterpart across."""

    deal: Record | None
    roles: tuple[Role, ...] = ()
    across: Mapping[Ref, Ref] = field(default_factory=dict)

    @property
    def associated(self) -> tuple[Ref, ...]:
        """The HubSpot contacts of the deal."""
        return tuple(Ref(Side.HUBSPOT, CONTACT, one) for one in contacts_beside(self.deal)) if self.deal else ()

    @property
    def in_roles(self) -> frozenset[Ref]:
        """The HubSpot contacts whose Salesforce contact has a role that stands."""
        return self._of({one.contact for one in self.roles if not one.is_deleted})

    @property
    def everybody(self) -> frozenset[Ref]:
        """The HubSpot contacts whose opportunities may add up to something else now, former ones too."""
        return frozenset(self.associated) | self._of({one.contact for one in self.roles})

    def _of(self, contacts: Collection[Ref]) -> frozenset[Ref]:
        return frozenset(mine for mine, theirs in self.across.items() if theirs in contacts)


def with_roll_up(plan: Plan, tied: Tied) -> Plan:
    """The plan of an opportunity that is no half of a pair, with the roll-ups of its contacts: deals that are gone count for nobody."""
    if not tied.everybody:
        return plan
    effect = RollUp(tied.everybody, tied.in_roles, ("ROLL-1", "LIFE-1"))
    return replace(plan, effects=(effect, *plan.effects))


def with_roles(plan: Plan, link: Link, tied: Tied, salesforce: Record, book: Book, change: Change) -> Plan:
    """The plan of a pair with what its contacts take: associations, roles, roll-ups; `link` is the pair's, as it stands.

    The link is saved before anything is written, and where contacts are tied or untied once more afterwards: a tie shows nothing by which
    it would be known as ours, so the link has as agreed only what was done.
    """
    deal = tied.deal
    if deal is None:
        return plan
    agreed = _ties_agreed(link, tied, book)
    verdict = decide_roles(
        tied.associated, tied.roles, tied.across, agreed, removes=book.connection.deals.remove_associations
    )
    changes = _effects(verdict, deal, salesforce, book)
    rolled = _roll_up(plan, verdict, link, tied, salesforce, book, change)
    saved = next((one for one in plan.effects if isinstance(one, SaveLink)), None)
    if saved is None and (changes or verdict.tied != link.tied):
        saved = SaveLink(link)
    kept = tuple(one for one in plan.effects if one is not saved)
    drops = [one for one in kept if isinstance(one, DropLink)]
    writes = [one for one in kept if not isinstance(one, DropLink) and not _comes_last(one)]
    after = [one for one in kept if _comes_last(one)]
    first, last = _saves(saved, _announced(verdict, tied, book), verdict, tied, book)
    return replace(plan, effects=(*drops, *first, *writes, *changes, *rolled, *last, *after))


def _saves(
    saved: SaveLink | None, about_to: Intent, verdict: RoleVerdict, tied: Tied, book: Book
) -> tuple[tuple[SaveLink, ...], tuple[SaveLink, ...]]:
    """What is saved before the writes, and what after them."""
    if saved is None:
        return (), ()
    done = replace(saved, link=_after(saved.link, verdict, tied, book))
    if not about_to.replaces:
        return (done,), ()
    both = about_to.replaces[tag(CONTACTS)] | saved.link.tying.replaces.get(tag(CONTACTS), frozenset())
    return (replace(saved, link=replace(saved.link, tying=Intent(replaces={tag(CONTACTS): both}))),), (done,)


_ASSOCIATED, _PARTED, _GIVEN, _ENDED = "associated", "parted", "given a role", "role ended"
"""What is announced for a contact, and seen once it has been done."""


def _announced(verdict: RoleVerdict, tied: Tied, book: Book) -> Intent:
    """Which contacts are about to be tied or untied, on which side."""
    owner_of = {theirs: mine for mine, theirs in tied.across.items()}
    ended = (owner_of[role.contact] for role in tied.roles if role.ref in verdict.end and role.contact in owner_of)
    deeds = (
        *((_ASSOCIATED, one) for one in verdict.associate),
        *((_PARTED, one) for one in verdict.leave),
        *((_GIVEN, one) for one, _ in verdict.add),
        *((_ENDED, one) for one in ended),
    )
    seals = frozenset(book.sealer.seal(what, contact.id) for what, contact in deeds)
    return Intent(replaces={tag(CONTACTS): seals} if seals else {})


def _ties_agreed(link: Link, tied: Tied, book: Book) -> frozenset[str]:
    """The ties that the two sides agreed on.

    Those are among them that a worker made which died before it could say so: what is seen of them is ours, not a person's.
    """
    announced = link.tying.replaces.get(tag(CONTACTS), frozenset())
    if not announced:
        return link.tied
    associated, in_roles = frozenset(tied.associated), tied.in_roles
    agreed = set(link.tied)
    for contact in (*tied.across, *tied.associated):
        seen = {
            _ASSOCIATED: contact in associated,
            _GIVEN: contact in in_roles,
            _PARTED: contact not in associated,
            _ENDED: contact not in in_roles,
        }
        for what, is_done in seen.items():
            if is_done and book.sealer.seal(what, contact.id) in announced:
                (agreed.add if what in {_ASSOCIATED, _GIVEN} else agreed.discard)(contact.id)
    return frozenset(agreed)


def _comes_last(effect: Effect) -> bool:
    """What follows the link: courtesies, looks, reports."""
    return isinstance(effect, Look | Report) or (isinstance(effect, UpdateRecord) and effect.courtesy)


def _effects(
    verdict: RoleVerdict, deal: Record, salesforce: Record, book: Book
) -> tuple[Associate | Dissociate | CreateRecord | EndRole, ...]:
    account = str(salesforce.fields.get(SALESFORCE_FIELD) or "")
    return (
        *(Associate(deal.ref, contact, because=("OPP-9",)) for contact in verdict.associate),
        *(Dissociate(deal.ref, contact, ("Q-29",)) for contact in verdict.leave),
        *(_role(mine, theirs, deal, salesforce, account, book) for mine, theirs in verdict.add),
        *(EndRole(role, ("Q-29",)) for role in verdict.end),
    )


def _role(mine: Ref, theirs: Ref, deal: Record, salesforce: Record, account: str, book: Book) -> CreateRecord:
    """A contact's role, under a key of its own, so that a repeat makes none twice."""
    key = f"{names.salesforce_key(book.connection.hubspot.portal_id, deal.ref.id)}-{mine.id}"
    fields = {f"{OPPORTUNITY}Id": salesforce.ref.id, "ContactId": theirs.id}
    return CreateRecord(Side.SALESFORCE, ROLE, key, fields, Slot("role"), ("OPP-12",), group=account)


def _roll_up(
    plan: Plan, verdict: RoleVerdict, link: Link, tied: Tied, salesforce: Record, book: Book, change: Change
) -> tuple[RollUp, ...]:
    """Whose opportunities are added up anew, and whose stage may move with it: only where something that counts is news."""
    added = {*verdict.associate, *(mine for mine, _ in verdict.add)}
    fresh = frozenset({one for one in tied.in_roles if one.id not in link.tied} | added)
    is_first = not link.version or change.cause in _BY_HAND
    is_edit = change.cause in _QUIET_CAUSES and not change.tries
    is_news = is_first or _is_news(_COUNTED, plan, link, salesforce, book)
    if not (is_news or fresh or verdict.end or verdict.leave or not is_edit):
        return ()
    contacts = tied.everybody | added
    moves_all = is_first or bool(change.tries) or _is_news(_STAGED, plan, link, salesforce, book)
    moves = (tied.in_roles | added) if moves_all else fresh
    return (RollUp(contacts, moves, ("ROLL-1", "LIFE-1")),) if contacts else ()


def _is_news(wanted: frozenset[str], plan: Plan, link: Link, salesforce: Record, book: Book) -> bool:
    """Whether the opportunity shows, or is about to, something else in one of the fields than the two sides agreed on."""
    forms = {name: form for name, form in book.page_of(salesforce).salesforce_forms.items() if name in wanted}
    written = {name for one in plan.effects if isinstance(one, UpdateRecord) for name in one.fields}
    return bool(written & wanted) or not view(salesforce, forms, link, book.sealer).quiet


def _after(link: Link, verdict: RoleVerdict, tied: Tied, book: Book) -> Link:
    """The link with who is tied on both sides, and with the deal's contacts as they will then be."""
    contacts = ({*tied.associated, *verdict.associate}) - set(verdict.leave)
    shown = {CONTACTS: ";".join(sorted(one.id for one in contacts)) or None}
    forms = book.pages[OPPORTUNITY].hubspot_forms
    return replace(link, tied=verdict.tied, hubspot_base=rebased(link.hubspot_base, forms, shown, book.sealer))

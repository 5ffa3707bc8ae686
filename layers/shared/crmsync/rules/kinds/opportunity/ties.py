"""The ties of a deal and its opportunity in a plan: associations, contact roles (OPP-9 to OPP-12),
and the roll-ups that follow (ROLL-1).

Takes the plan of the pair's fields and adds these effects after its writes; the link records them
as done only once they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from crmsync.model.changes import BY_HAND, Cause, Change
from crmsync.model.crm_names import (
    CONTACT_ROLE,
    DEAL_STAGE,
    HUBSPOT_CONTACT,
    OPPORTUNITY,
    PARENT_ACCOUNT,
    SALESFORCE_CONTACT,
    STAGE_NAME,
)
from crmsync.model.effects import (
    Associate,
    CreateRecord,
    Dissociate,
    DropLink,
    Effect,
    EndRole,
    Report,
    RequestSync,
    RollUp,
    SaveLink,
    UpdateRecord,
)
from crmsync.model.kinds.roles import Role, TieWrites
from crmsync.model.links import Link, LinkState, Slot
from crmsync.model.plan import Note, Plan
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.kinds.opportunity.roles import RoleDecision, decide_roles
from crmsync.rules.kinds.opportunity.ruleset import CONTACTS, COUNTED, contacts_beside
from crmsync.rules.kinds.opportunity.tie_intents import (
    Announced,
    Ties,
    announce_ties,
    announcing_ties,
    resolve_announced_ties,
    role_key,
)
from crmsync.rules.merge.baseline import rebased, view
from crmsync.rules.merge.ruleset import Ruleset

_STAGED = frozenset({STAGE_NAME})
_COUNTED = frozenset({*COUNTED, *_STAGED})
_QUIET_CAUSES = frozenset({Cause.EDITED})


@dataclass(frozen=True, slots=True)
class GatheredTies:
    """The ties of a deal or an opportunity, as gathered.

    Attributes:
        deal: The deal, with its contacts among its fields.
        roles: All roles of the opportunity.
        across: HubSpot contact -> the Salesforce contact that it syncs with.
        heard: The contacts that a change named, on either side.
        became: Salesforce contact of a tie -> the one that it was merged into.
        is_open: Whether a report about an announced tie may still arrive.
        frozen: The HubSpot contacts that are outside the inclusion list and tied on one side only.
    """

    deal: Record | None
    roles: tuple[Role, ...] = ()
    across: Mapping[Ref, Ref] = field(default_factory=dict)
    heard: frozenset[Ref] = frozenset()
    became: Mapping[Ref, Ref] = field(default_factory=dict)
    is_open: bool = False
    frozen: frozenset[Ref] = frozenset()

    @property
    def associated(self) -> tuple[Ref, ...]:
        """The HubSpot contacts of the deal."""
        return (
            tuple(Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one) for one in contacts_beside(self.deal))
            if self.deal
            else ()
        )

    @property
    def in_roles(self) -> frozenset[Ref]:
        """The HubSpot contacts whose Salesforce contact has a role that exists."""
        return self.of_hubspot({one.contact for one in self.roles if not one.is_deleted})

    @property
    def everybody(self) -> frozenset[Ref]:
        """The HubSpot contacts whose roll-ups may have changed, former ones too."""
        heard = {side: {one for one in self.heard if one.side is side} for side in Side}
        in_roles = {one.contact for one in self.roles}
        return frozenset({*self.associated, *heard[Side.HUBSPOT]}) | self.of_hubspot(
            in_roles | heard[Side.SALESFORCE]
        )

    def agreed(self, link: Link) -> Link:
        """The link with those of its ties that still count: of contacts that sync with the same
        Salesforce contact as when it tied them, or with what that one was merged into.

        Any other Salesforce contact is a new one: if it has no role, nobody has removed it.
        """
        now = self.pairs_of(link.tied)
        then = {mine: _salesforce_contact(link.tied[mine]) for mine in now}
        same = [one for one in now if self.became.get(then[one], then[one]).id == now[one]]
        return replace(link, tied=self.pairs_of(same))

    def pairs_of(self, contacts: Collection[str]) -> dict[str, str]:
        """HubSpot contact id -> the id of its Salesforce contact, for these contacts."""
        return {mine.id: theirs.id for mine, theirs in self.across.items() if mine.id in contacts}

    def of_hubspot(self, contacts: Collection[Ref]) -> frozenset[Ref]:
        """The HubSpot contacts that sync with these Salesforce contacts."""
        return frozenset(mine for mine, theirs in self.across.items() if theirs in contacts)


def with_roll_up(plan: Plan, tied: GatheredTies, link: Link | None = None) -> Plan:
    """The plan of an opportunity without a deal, with the roll-ups of its contacts: opportunities
    that are gone count for nobody.

    While the link is active, those that it ties count too: a contact whose own link has ended is
    found in no role.
    """
    is_active = link is not None and link.state is LinkState.ACTIVE
    former = _tied_by(link) if link and is_active else frozenset()
    contacts = tied.everybody | former
    if not contacts:
        return plan
    effect = RollUp(contacts, tied.in_roles, ("ROLL-1", "LIFE-1"))
    return replace(plan, effects=(effect, *plan.effects))


def with_roles(
    plan: Plan, link: Link, tied: GatheredTies, salesforce: Record, ruleset: Ruleset, change: Change
) -> Plan:
    """The plan of a pair with what its contacts need: associations, roles, roll-ups. `link` is the
    stored link of the pair.

    The link is saved before anything is written, and again afterwards where contacts are tied or
    untied: a tie shows no revision by which it could be recognised as ours, so the link records as
    agreed only what was done. Nothing is done to a contact whose tie is in doubt, nor to one that
    is frozen outside the inclusion list (INC-7, Q-22): what was agreed on about it stays so, and
    its tie crosses once it joins.
    """
    deal = tied.deal
    if deal is None:
        return plan
    ties = Ties(frozenset(tied.associated), tied.roles, dict(tied.across))
    portal_id = ruleset.connection.hubspot.portal_id
    agreed = tied.agreed(link)
    known = resolve_announced_ties(
        agreed, ties, change.ties, portal_id, ruleset.fingerprinter, is_open=tied.is_open
    )
    resting = known.in_doubt | tied.frozen
    decision = decide_roles(
        tied.associated,
        tied.roles,
        {mine: theirs for mine, theirs in tied.across.items() if mine not in resting},
        known.agreed,
        removes=ruleset.connection.deals.remove_associations,
    )
    as_before = {one.id for one in known.in_doubt} & agreed.tied.keys()
    as_before |= {one.id for one in tied.frozen - known.in_doubt} & known.agreed
    decision = replace(decision, tied=decision.tied | as_before)
    changes = _effects(decision, deal, salesforce, ruleset)
    rolled = _roll_up(plan, decision, link, tied, salesforce, ruleset, change)
    saved = for_fields = next((one for one in plan.effects if isinstance(one, SaveLink)), None)
    if saved is None and (
        changes or tied.pairs_of(decision.tied) != link.tied or known.open != link.tying.replaces
    ):
        saved = SaveLink(link)
    kept = tuple(one for one in plan.effects if one is not saved)
    drops = [one for one in kept if isinstance(one, DropLink)]
    writes = [one for one in kept if not isinstance(one, DropLink) and not _comes_last(one)]
    after = [one for one in kept if _comes_last(one)]
    new = announce_ties(decision, ties, ruleset.fingerprinter)
    first, last = _saves(
        saved, new, known.open, decision, tied, ruleset, is_for_ties=for_fields is None
    )
    effects = (*drops, *first, *writes, *changes, *rolled, *last, *after)
    return replace(plan, effects=effects, notes=(*plan.notes, *_notes(tied)))


def _notes(tied: GatheredTies) -> tuple[Note, ...]:
    """That ties stay as they are, if some do."""
    ids = ", ".join(one.id for one in sorted(tied.frozen))
    text = f"ties of contacts outside the inclusion list stay as they are: {ids}"
    return (Note(text, ("Q-22",)),) if ids else ()


def _tied_by(link: Link) -> frozenset[Ref]:
    """The HubSpot contacts that a link ties."""
    return frozenset(Ref(Side.HUBSPOT, HUBSPOT_CONTACT, one) for one in link.tied)


def replaced_contacts(link: Link, across: Mapping[Ref, Ref]) -> list[Ref]:
    """The Salesforce contacts of a link's ties in whose place others sync now. Usually there are
    none.
    """
    now = {mine.id: theirs.id for mine, theirs in across.items()}
    return [
        _salesforce_contact(theirs)
        for mine, theirs in sorted(link.tied.items())
        if now.get(mine, theirs) != theirs
    ]


def _salesforce_contact(identifier: str) -> Ref:
    return Ref(Side.SALESFORCE, SALESFORCE_CONTACT, identifier)


def _saves(
    saved: SaveLink | None,
    new: Announced,
    still_open: Announced,
    decision: RoleDecision,
    tied: GatheredTies,
    ruleset: Ruleset,
    *,
    is_for_ties: bool,
) -> tuple[tuple[SaveLink, ...], tuple[SaveLink, ...]]:
    """The saves before the writes, and those after them; with `is_for_ties` only the ties need one.

    A contact that is no longer tied stays in the link until the roll-ups are done, as nothing else
    says then whose they are.
    """
    if saved is None:
        return (), ()
    done = replace(
        saved, link=announcing_ties(_after(saved.link, decision, tied, ruleset), {}, still_open)
    )
    if not new and saved.link.tied.keys() <= decision.tied:
        return (done,), ()
    if not new and is_for_ties:
        return (), (done,)
    return (replace(saved, link=announcing_ties(saved.link, new, still_open)),), (done,)


def _comes_last(effect: Effect) -> bool:
    """What follows the link: best-effort writes, requests, reports."""
    return isinstance(effect, RequestSync | Report) or (
        isinstance(effect, UpdateRecord) and effect.best_effort
    )


def _effects(
    decision: RoleDecision, deal: Record, salesforce: Record, ruleset: Ruleset
) -> tuple[Associate | Dissociate | CreateRecord | EndRole, ...]:
    account = str(salesforce.fields.get(PARENT_ACCOUNT) or "")
    return (
        *(Associate(deal.ref, contact, because=("OPP-9",)) for contact in decision.associate),
        *(Dissociate(deal.ref, contact, ("Q-29",)) for contact in decision.leave),
        *(_role(mine, theirs, deal, salesforce, account, ruleset) for mine, theirs in decision.add),
        *(EndRole(role, ("Q-29",)) for role in decision.end),
    )


def _role(
    mine: Ref, theirs: Ref, deal: Record, salesforce: Record, account: str, ruleset: Ruleset
) -> CreateRecord:
    """A contact's role, under a key of its own, so that a repeat makes no second one."""
    key = role_key(ruleset.connection.hubspot.portal_id, deal.ref.id, mine.id, theirs.id)
    fields = {f"{OPPORTUNITY}Id": salesforce.ref.id, "ContactId": theirs.id}
    return CreateRecord(
        Side.SALESFORCE, CONTACT_ROLE, key, fields, Slot("role"), ("OPP-12",), group=account
    )


def role_made(effect: CreateRecord, ref: Ref) -> Role:
    """The role that an effect has made."""
    opportunity, contact = (str(effect.fields[name]) for name in (f"{OPPORTUNITY}Id", "ContactId"))
    return Role(
        ref,
        Ref(Side.SALESFORCE, OPPORTUNITY, opportunity),
        Ref(Side.SALESFORCE, SALESFORCE_CONTACT, contact),
    )


def _roll_up(
    plan: Plan,
    decision: RoleDecision,
    link: Link,
    tied: GatheredTies,
    salesforce: Record,
    ruleset: Ruleset,
    change: Change,
) -> tuple[RollUp, ...]:
    """Whose opportunities are added up again, and whose stage may move with it: only where
    something that counts is news.
    """
    added = {*decision.associate, *(mine for mine, _ in decision.add)}
    fresh = frozenset(
        {one for one in tied.in_roles - tied.frozen if one.id not in tied.agreed(link).tied} | added
    )
    is_first = not link.version or change.cause in BY_HAND
    is_first_try = not (change.tries or change.held)
    is_edit = change.cause in _QUIET_CAUSES and is_first_try
    is_news = is_first or _is_news(_COUNTED, plan, link, salesforce, ruleset)
    former = frozenset(one for one in _tied_by(link) if one.id not in decision.tied)
    if not (is_news or fresh or former or decision.end or decision.leave or not is_edit):
        return ()
    contacts = tied.everybody | added | former
    moves_all = is_first or not is_first_try or _is_news(_STAGED, plan, link, salesforce, ruleset)
    moves = (tied.in_roles | added) if moves_all else fresh
    return (
        (RollUp(contacts, moves, ("ROLL-1", "LIFE-1"), _tie_writes(decision, tied, salesforce)),)
        if contacts
        else ()
    )


def _tie_writes(decision: RoleDecision, tied: GatheredTies, salesforce: Record) -> TieWrites | None:
    if tied.deal is None:
        return None
    ended = {role.contact for role in tied.roles if role.ref in decision.end}
    wrote = TieWrites(
        tied.deal.ref,
        salesforce.ref,
        frozenset(decision.associate),
        frozenset(decision.leave),
        frozenset(mine for mine, _ in decision.add),
        tied.of_hubspot(ended),
    )
    return wrote if wrote != TieWrites(tied.deal.ref, salesforce.ref) else None


def _is_news(
    wanted: frozenset[str], plan: Plan, link: Link, salesforce: Record, ruleset: Ruleset
) -> bool:
    """Whether the opportunity shows, or is about to show, something else in one of the fields than
    both sides agreed on, or the deal has still to get one of them: an earlier try was refused then,
    before it added up.
    """
    mapping = ruleset.mapping_of(salesforce)
    forms = mapping.salesforce_forms.only(wanted)
    in_hubspot = {rule.hubspot for rule in mapping.field_map if rule.salesforce in wanted}
    in_hubspot |= {DEAL_STAGE} if STAGE_NAME in wanted else set()
    written = {name for one in plan.effects if isinstance(one, UpdateRecord) for name in one.fields}
    return (
        not written.isdisjoint(wanted | in_hubspot)
        or not view(salesforce, forms, link, ruleset.fingerprinter).unchanged
    )


def _after(link: Link, decision: RoleDecision, tied: GatheredTies, ruleset: Ruleset) -> Link:
    """The link with the new ties, and with the deal's contacts as they will then be."""
    contacts = ({*tied.associated, *decision.associate}) - set(decision.leave)
    shown = {CONTACTS: ";".join(sorted(one.id for one in contacts)) or None}
    forms = ruleset.mappings[OPPORTUNITY].hubspot_forms
    return replace(
        link,
        tied=tied.pairs_of(decision.tied),
        hubspot_base=rebased(link.hubspot_base, forms, shown, ruleset.fingerprinter),
    )

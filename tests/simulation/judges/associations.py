"""Whether companies, contact roles, sums and tasks are those of the other side."""

from __future__ import annotations

from crmsync.model.change_limits import ChangeLimit
from crmsync.model.links import LinkState
from crmsync.model.names import TASK_COUNT
from crmsync.model.records import Kind, Ref, Side
from tests.simulation.judges.pairs import (
    BACK,
    DELETED_COMPANY,
    DROPPED,
    PARENT,
    Wrong,
    is_dropped,
    is_widowed,
    pairs,
)
from tests.simulation.world.lists import is_frozen
from tests.simulation.world.system import System


def parents(system: System) -> Wrong:
    """The company of a contact and its account are a pair, or somebody took it out of one (FLD-8,
    Q-29), or the operator has dropped the change of one that a limit held back (Q-30).
    """
    for portal in system.portals:
        counterpart = {there: here for _, here, there in pairs(system, portal)}
        gone = {
            place
            for link in system.links.all
            if link.state is LinkState.TOMBSTONE
            for place in (link.hubspot, link.salesforce)
        }
        parked = {one.ref for one in system.inbox.parked(portal.name)}
        for there, here in counterpart.items():
            is_left = bool(parked & {here, there}) or is_frozen(system, portal, here)
            if there.object != "Contact" or is_left:
                continue
            company = portal.associations.primary(here)
            account_id = system.salesforce.fields(there).get("AccountId")
            account = Ref(Side.SALESFORCE, "Account", str(account_id)) if account_id else None
            if {company, account} & gone or any(
                one and is_widowed(system, portal, one) for one in (company, account)
            ):
                continue
            expected = counterpart.get(account) if account else None
            if company == expected or {here, there} & system.parted:
                continue
            if company is None and here in system.without_company:
                system.seen[DELETED_COMPANY] += 1
                continue
            if any(one and system.ledger.was_back(one) for one in (here, company, expected)):
                system.seen[BACK] += 1
                continue
            if is_dropped(system, portal, (here, there), PARENT, {ChangeLimit.CHANGES}):
                system.seen[DROPPED] += 1
                continue
            yield f"companies follow: {here} is in {company}, {there} in {account} ({expected})"


def ties(system: System) -> Wrong:
    """Who is tied to a deal has a role in its opportunity, and the other way round (OPP-9, OPP-12)."""
    for portal in system.portals:
        counterpart = {there: here for _, here, there in pairs(system, portal)}
        for link, deal, opportunity in pairs(system, portal):
            if link.kind is not Kind.OPPORTUNITY:
                continue
            tied = set(portal.associations.of([deal], "contact").get(deal, ()))
            roles = {
                Ref(Side.SALESFORCE, "Contact", str(system.salesforce.fields(ref)["ContactId"]))
                for ref in system.salesforce.refs("OpportunityContactRole")
                if system.salesforce.fields(ref)["OpportunityId"] == opportunity.id
            }
            linked = {here for there, here in counterpart.items() if there.object == "Contact"}
            with_role = {counterpart[one] for one in roles if one in counterpart}
            back = {
                one for one in (deal, opportunity, *tied, *with_role) if system.ledger.was_back(one)
            }
            apart = (tied & linked) ^ with_role
            apart = {one for one in apart if not is_frozen(system, portal, one)}
            if apart and back:
                system.seen[BACK] += 1
            elif apart and (system.setting.removes or not {deal, opportunity} & system.untied):
                yield f"roles follow: {', '.join(map(str, sorted(apart)))} of {deal} and {opportunity}"


def sums(system: System) -> Wrong:
    """The roll-ups of a contact are what the roles of its Salesforce contact come to (ROLL-2,
    ROLL-6); nothing if it has none, be it that it has a lead.
    """
    crm = system.salesforce
    rows = [crm.fields(ref) for ref in crm.refs("OpportunityContactRole")]
    for portal in system.portals:
        counterpart = {
            here: there
            for link, here, there in pairs(system, portal)
            if link.kind is Kind.CONTACT and there.object == "Contact"
        }
        for here in portal.hubspot.refs("contact"):
            there = counterpart.get(here)
            if is_frozen(system, portal, here):
                continue
            ids = {
                str(row["OpportunityId"]) for row in rows if there and row["ContactId"] == there.id
            }
            live = [
                ref for one in ids if crm.is_live(ref := Ref(Side.SALESFORCE, "Opportunity", one))
            ]
            total = sum(float(crm.fields(ref).get("Amount") or 0) for ref in live)
            shown = portal.hubspot.fields(here)
            count = int(float(str(shown.get("crmsync_num_associated_deals") or 0)))
            revenue = float(str(shown.get("crmsync_total_revenue") or 0))
            if (count, revenue) != (len(live), total):
                yield f"roll-ups add up: {here} shows {count} and {revenue}, {there} has {len(live)} and {total}"


def tasks(system: System) -> Wrong:
    """An e-mail event is in one task at most, and no task was made twice."""
    rows, keys = system.tasks.rows, system.tasks._ids
    if len(rows) > len(keys):
        yield f"one task per event: {len(rows)} tasks of {len(keys)} keys"
    counted = sum(int(str(row.get(TASK_COUNT) or 0)) for row in rows.values())
    events = sum(len(portal.mail_log.rows) for portal in system.portals)
    if counted > events:
        yield f"one task per event: {counted} events are in tasks, there were {events}"

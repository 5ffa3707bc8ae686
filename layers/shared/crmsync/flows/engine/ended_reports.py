"""Reports that end because their records have synced, for every kind, and what has to be looked at
with that.

Law: what a pair shows and has not agreed on is noted in its report alone. So while it has one, what
it shows may be in another record's way without a trace in its link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from crmsync.flows.engine.complete import RecordResult
from crmsync.flows.engine.context import SyncContext
from crmsync.flows.engine.waits import sums_again, wake_waiting
from crmsync.model.changes import UNPROMPTED
from crmsync.model.crm_names import SALESFORCE_CONTACT
from crmsync.model.facts import AnyFacts, Facts
from crmsync.model.records import Ref
from crmsync.rules.pair.refused_fields import is_outdated


def end_reports(
    results: Sequence[RecordResult[AnyFacts]],
    ended: Sequence[Ref],
    told: Collection[Ref],
    context: SyncContext,
) -> None:
    """Remove the reports of the `ended` records, which have synced; `told` are the records about
    which something was reported now. Raises `TryAgain`.

    Where the two sides keep different values in a field, its report stays (CH-8). A contact with a
    report is added up again first: its sums may be among what was refused, and its own sync does
    not write them. What waits for a record of a pair is queued first as well (CH-13).
    """
    name, differing = context.connection.name, _differing_fields(results)
    if asked := [ref for ref in ended if ref in differing]:
        found = [one.report for one in context.inbox.entries_of(name, asked)]
        true = {one.ref for one in found if not is_outdated(one, differing[one.ref])}
        ended = [ref for ref in ended if ref not in true]
    if released := _released([one.facts for one in results], ended, told):
        wake_waiting(released, context)
    if ended:
        facts = [one.facts for one in results]
        with_sums = {one.hubspot.ref for one in facts if one.hubspot and _has_sums(one)}
        contacts = [ref for ref in ended if ref in with_sums]
        context.outbox.again([(change, 0) for change in sums_again(contacts, context)])
        context.inbox.clear(name, ended)


def linked_pair(facts: Facts) -> set[Ref]:
    """The two records that were read, if the link joins just these."""
    link, hubspot, salesforce = facts.link, facts.hubspot, facts.salesforce
    if not (link and hubspot and salesforce):
        return set()
    pair = (hubspot.ref, salesforce.ref)
    return set(pair) if (link.hubspot, link.salesforce) == pair else set()


def _released(facts: Iterable[Facts], ended: Collection[Ref], told: Collection[Ref]) -> list[Ref]:
    """The records of pairs that may no longer show what others wait for, and whose links do not
    tell: a report of the pair ends; or somebody may have touched the pair, and a report goes on or
    an earlier look may have failed.

    A look that another record asked for counts only if it ends a report, or two records have each
    other looked at for ever.
    """
    found: set[Ref] = set()
    for one in facts:
        change, pair = one.change, linked_pair(one)
        may_be_untold = bool(change.tries or change.held or not pair.isdisjoint(told))
        is_touched = change.cause not in UNPROMPTED
        if (may_be_untold and is_touched) or not pair.isdisjoint(ended):
            found |= pair
    return sorted(found)


def _differing_fields(results: Iterable[RecordResult[AnyFacts]]) -> Mapping[Ref, frozenset[str]]:
    """The names of the fields in which both sides of a pair keep different values, by record."""
    found: dict[Ref, frozenset[str]] = {}
    for one, names in ((one.facts, one.plan.differing) for one in results if one.plan.differing):
        records = [record.ref for record in (one.hubspot, one.salesforce) if record]
        linked = (one.link.hubspot, one.link.salesforce) if one.link else ()
        for ref in (one.change.ref, *records, *(it for it in linked if isinstance(it, Ref))):
            found[ref] = found.get(ref, frozenset()) | names
    return found


def _has_sums(facts: Facts) -> bool:
    """Whether the HubSpot contact of a pair shows sums of opportunities."""
    there = facts.salesforce
    return there is not None and there.ref.object == SALESFORCE_CONTACT

"""Which company belongs to which account, for the contacts of a batch: one read of the link table,
and only if a parent has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crmsync.flows.engine.context import SyncContext
from crmsync.model.crm_names import PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.facts import Facts
from crmsync.model.fields import FieldType
from crmsync.model.links import LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.parents import account_of, company_of
from crmsync.rules.merge.ruleset import Ruleset


def find_parents(
    facts: Iterable[Facts], context: SyncContext, ruleset: Ruleset
) -> Mapping[Ref, Ref | None]:
    """Company or account -> its counterpart, for those that these records name. None for one whose
    counterpart was deleted; one without a link is missing. Raises `SyncError`.
    """
    if not context.connection.companies.sync:
        return {}
    wanted = dict.fromkeys(
        parent
        for one in facts
        for record in _records_to_check(one, ruleset)
        if (parent := _parent(record))
    )
    links = context.links.find(context.connection.name, list(wanted)) if wanted else {}
    found: dict[Ref, Ref | None] = {}
    for ref, link in links.items():
        across = link.on(ref.side.other)
        found[ref] = across if link.state is LinkState.ACTIVE and isinstance(across, Ref) else None
    return found | {across: ref for ref, across in found.items() if across}


def _records_to_check(facts: Facts, ruleset: Ruleset) -> Iterator[Record]:
    """The records whose parent must be known: none for a pair whose parents have not changed."""
    records = [
        one for one in (facts.hubspot, facts.salesforce, facts.remembered, *facts.candidates) if one
    ]
    if facts.link is None or any(_has_moved(one, facts, ruleset) for one in records):
        yield from records


def _has_moved(record: Record, facts: Facts, ruleset: Ruleset) -> bool:
    name = PRIMARY_COMPANY if record.ref.side is Side.HUBSPOT else PARENT_ACCOUNT
    return (
        name in record.fields
        and not view(record, {name: FieldType.TEXT}, facts.link, ruleset.fingerprinter).unchanged
    )


def _parent(record: Record) -> Ref | None:
    if record.ref.side is Side.HUBSPOT:
        return company_of(record.fields.get(PRIMARY_COMPANY))
    return account_of(record.fields.get(PARENT_ACCOUNT))

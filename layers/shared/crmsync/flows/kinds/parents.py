"""Which company goes with which account, for the contacts of a batch: one look into the link table,
and only where a parent is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crmsync.flows.engine.context import World
from crmsync.model.facts import Facts
from crmsync.model.fields import Form
from crmsync.model.links import LinkState
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.parents import HUBSPOT_FIELD, SALESFORCE_FIELD, account_of, company_of
from crmsync.rules.merge.ruleset import Book


def find_parents(facts: Iterable[Facts], world: World, book: Book) -> Mapping[Ref, Ref | None]:
    """The counterpart of every company and account that these contacts name; None where it was
    deleted, left out where there is none.
    """
    if not world.connection.companies.sync:
        return {}
    wanted = dict.fromkeys(
        parent for one in facts for record in _news(one, book) if (parent := _parent(record))
    )
    links = world.links.find(world.connection.name, list(wanted)) if wanted else {}
    found: dict[Ref, Ref | None] = {}
    for ref, link in links.items():
        across = link.on(ref.side.other)
        found[ref] = across if link.state is LinkState.ACTIVE and isinstance(across, Ref) else None
    return found | {across: ref for ref, across in found.items() if across}


def _news(facts: Facts, book: Book) -> Iterator[Record]:
    """The contacts whose parent must be known: all of them, unless a pair agrees on its parents
    already.
    """
    records = [
        one for one in (facts.hubspot, facts.salesforce, facts.remembered, *facts.candidates) if one
    ]
    if facts.link is None or any(_has_moved(one, facts, book) for one in records):
        yield from records


def _has_moved(record: Record, facts: Facts, book: Book) -> bool:
    name = HUBSPOT_FIELD if record.ref.side is Side.HUBSPOT else SALESFORCE_FIELD
    return (
        name in record.fields and not view(record, {name: Form.TEXT}, facts.link, book.sealer).quiet
    )


def _parent(record: Record) -> Ref | None:
    if record.ref.side is Side.HUBSPOT:
        return company_of(record.fields.get(HUBSPOT_FIELD))
    return account_of(record.fields.get(SALESFORCE_FIELD))

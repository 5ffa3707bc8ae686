"""The link table on DynamoDB.

Looking up a HubSpot record costs one read unit (one strongly consistent item). For a Salesforce
record the pointer is read first, which costs half a unit because that read may be eventually
consistent. A stale pointer does no harm: the link itself is read strongly consistent and names both
its records, and only if pointer and link disagree, or no pointer is found, is the pointer read
strongly consistent, too. Known pointers are kept in memory, so that most reads from Salesforce cost
one unit. Saving costs one write unit per update and four per new or dropped link.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from crmsync.errors import Conflict, SyncError, TryAgain
from crmsync.gateways.aws.key_ring import KeyRing
from crmsync.gateways.dynamodb.links.link_items import (
    is_whole,
    link_key,
    link_of,
    placed,
    pointer,
    record_of,
    records_of,
    updated,
    whole,
)
from crmsync.gateways.dynamodb.table import (
    ABSENT,
    CONDITION_FAILED,
    FINE,
    STATEMENTS,
    TRANSACTION,
    ConditionalUpdate,
    ConditionFailed,
    DynamoTable,
    Item,
    Key,
    TransactionCancelled,
    TransactionWrite,
    key_of,
)
from crmsync.gateways.retry import RetryPolicy, chunks, rounds
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side

ACTIONS = 2
"""Writes per new or dropped link: the link and its pointer."""

THREADS = 8
REMEMBERED = 20_000
"""Pointers kept in memory, some 4 MB."""

_WHAT = "The link table"
_FIRST = "Somebody else saved this link first."

Saved: TypeAlias = Link | SyncError


class LinksTable:
    """Implements `Links` on a table with the key `pk`."""

    def __init__(
        self,
        client: Any,
        table: str,
        *,
        ring: KeyRing | None = None,
        retry_policy: RetryPolicy | None = None,
        threads: int = THREADS,
    ) -> None:
        """Use the boto3 `client` ("dynamodb"), which is shared between `threads` for updates.

        `ring` has the keys of the fingerprints, for callers that compare them: reading a link with
        a newer key raises `TryAgain`.
        """
        self._ring = ring
        self._retry_policy = retry_policy or RetryPolicy()
        self._table = DynamoTable(client, table, _WHAT, self._retry_policy)
        self._threads = threads
        self._pointers: OrderedDict[Key, str] = OrderedDict()

    def find(self, connection: str, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
        """The links of these records, strongly consistent. Raises `TryAgain`."""
        wanted = list(dict.fromkeys(refs))
        found = self._of_hubspot(connection, [ref for ref in wanted if ref.side is Side.HUBSPOT])
        salesforce = [ref for ref in wanted if ref.side is Side.SALESFORCE]
        for consistent in (False, True):
            salesforce = [ref for ref in salesforce if ref not in found]
            found.update(self._of_salesforce(connection, salesforce, consistent=consistent))
        return {ref: found[ref] for ref in wanted if ref in found}

    def save(self, links: Sequence[Link]) -> Sequence[Saved]:
        """Store links; one outcome per link, in order. A link that cannot be saved does not affect
        the others.
        """
        outcomes: dict[int, Saved] = {}
        new = [(at, link) for at, link in enumerate(links) if not link.version]
        for part in chunks(_without_rivals(new, outcomes), TRANSACTION // ACTIONS):
            self._together(part, self._creation, outcomes)
            outcomes.update({at: link.saved() for at, link in part if outcomes[at] is link})
        known = [(at, link) for at, link in enumerate(links) if link.version and not link.has_moved]
        if parts := list(rounds(known, lambda one: records_of(one[1])[0], STATEMENTS)):
            with ThreadPoolExecutor(min(self._threads, len(parts))) as pool:
                for saved_part in pool.map(self._update, parts):
                    outcomes.update(saved_part)
        moved = [(at, link) for at, link in enumerate(links) if link.version and link.has_moved]
        outcomes.update((at, self._moved(link)) for at, link in moved)
        for saved in outcomes.values():
            if isinstance(saved, Link):
                self._remember(saved)
        return [outcomes[at] for at in range(len(links))]

    def drop(self, links: Sequence[Link]) -> Sequence[Saved]:
        """Delete links; one outcome per link, in order. A link that is already gone counts as
        dropped, and so does one that is in the call twice.
        """
        once = {_identity(link): (at, link) for at, link in enumerate(links)}
        outcomes: dict[int, Saved] = {}
        for part in chunks(_without_rivals(list(once.values()), outcomes), TRANSACTION // ACTIONS):
            self._together(part, self._deletion, outcomes)
        for at, link in once.values():
            if isinstance(outcomes[at], Conflict):
                outcomes[at] = self._still_there(link) or link
            self._pointers.pop(link_key(link.connection, placed(link.salesforce)), None)
        return [outcomes[once[_identity(link)][0]] for link in links]

    # -- finding --

    def _of_hubspot(self, connection: str, refs: list[Ref]) -> dict[Ref, Link]:
        items = self._table.get_many(link_key(connection, ref) for ref in refs)
        links = [link_of(item) for item in items.values() if is_whole(item)]
        if self._ring and any(link.key > max(self._ring.keys()) for link in links):
            self._ring.miss()
            raise TryAgain(
                "A link is sealed with a newer key than is known here.", after=5, code="LINK_KEY"
            )
        for link in links:
            self._remember(link)
        return {placed(link.hubspot): link for link in links}

    def _of_salesforce(
        self, connection: str, refs: list[Ref], *, consistent: bool
    ) -> dict[Ref, Link]:
        """The links that the records' pointers lead to, if the links agree. Pointers in memory are
        used only if `consistent` is false.
        """
        keys = [link_key(connection, ref) for ref in refs]
        known: dict[Key, str] = {}
        if not consistent:
            known = {key: self._pointers[key] for key in keys if key in self._pointers}
        unknown = [key for key in keys if key not in known]
        for key, item in self._table.get_many(unknown, consistent=consistent).items():
            known[key] = item["s"]["S"]
        hubspot = {record_of(known[key]): None for key in keys if key in known}
        links = self._of_hubspot(connection, list(hubspot))
        asked = set(refs)
        return {
            placed(link.salesforce): link for link in links.values() if link.salesforce in asked
        }

    def _remember(self, link: Link) -> None:
        hubspot, salesforce = records_of(link)
        key = link_key(link.connection, salesforce)
        self._pointers[key] = str(hubspot)
        self._pointers.move_to_end(key)
        while len(self._pointers) > REMEMBERED:
            self._pointers.popitem(last=False)

    # -- saving --

    def _together(
        self,
        part: list[tuple[int, Link]],
        actions_of: Callable[[Link], list[TransactionWrite]],
        outcomes: dict[int, Saved],
    ) -> None:
        """Do two actions per link, all in one transaction. If it is cancelled, the links that did
        not cause that are tried again without the others; busy ones are tried again, too.
        """
        attempt = 1
        while part:
            problem = self._transact([action for _, link in part for action in actions_of(link)])
            if problem is None:
                outcomes.update(part)
                return
            failed = _failures(problem, [at for at, _ in part])
            is_busy = any(isinstance(error, TryAgain) for error in failed.values())
            if is_busy and self._retry_policy.sleep_after(attempt):
                attempt += 1
                failed = {
                    at: error for at, error in failed.items() if not isinstance(error, TryAgain)
                }
            outcomes.update(failed)
            part = [(at, link) for at, link in part if at not in failed]

    def _creation(self, link: Link) -> list[TransactionWrite]:
        return [self._put(whole(link, 1), ABSENT), self._put(pointer(link), ABSENT)]

    def _update(self, part: Sequence[tuple[int, Link]]) -> Mapping[int, Saved]:
        """Store known links of the same records: one conditional write each."""
        results = self._table.update_many([_update_of(link) for _, link in part])
        return {at: _saved(link, result) for (at, link), result in zip(part, results, strict=True)}

    def _moved(self, link: Link) -> Saved:
        """Store a link of which a record was replaced (a converted lead, a merge), together with
        its pointer, if it is still stored as it was read.

        The version alone would not show that: another link may have taken its place and be as old.
        """
        problem = self._transact(self._move(link))
        return link.saved() if problem is None else _failure(problem)

    def _move(self, link: Link) -> list[TransactionWrite]:
        hubspot, salesforce = link.stored or (link.hubspot, link.salesforce)
        before = replace(link, hubspot=hubspot, salesforce=salesforce)
        as_read = _as_read(before)
        item = whole(link, link.version + 1)
        if before.hubspot == link.hubspot:
            actions = [self._put(item, as_read)]
        else:
            actions = [self._put(item, ABSENT), self._delete(whole(before, 0), as_read)]
        if before.salesforce == link.salesforce:
            return [*actions, self._put(pointer(link), {})]
        return [*actions, self._put(pointer(link), ABSENT), self._delete(pointer(before), {})]

    # -- dropping --

    def _deletion(self, link: Link) -> list[TransactionWrite]:
        hubspot, _ = records_of(link)
        points_to_it = {
            "ConditionExpression": "s = :h",
            "ExpressionAttributeValues": {":h": {"S": str(hubspot)}},
        }
        return [
            self._delete(whole(link, 0), _as_read(link)),
            self._delete(pointer(link), points_to_it),
        ]

    def _still_there(self, link: Link) -> SyncError | None:
        """Why a link could not be dropped: one of its records still has a link. None if neither
        has, as the link was dropped before.
        """
        hubspot, salesforce = records_of(link)
        try:
            found = self._of_hubspot(link.connection, [hubspot])
            found.update(self._of_salesforce(link.connection, [salesforce], consistent=True))
        except SyncError as error:
            return error
        return Conflict(_FIRST) if found else None

    # -- calls --

    def _put(self, item: Item, condition: Mapping[str, Any]) -> TransactionWrite:
        return self._table.put_action(key_of(item), item, **condition)

    def _delete(self, item: Item, condition: Mapping[str, Any]) -> TransactionWrite:
        return self._table.delete_action(key_of(item), **condition)

    def _transact(self, actions: list[TransactionWrite]) -> TransactionCancelled | SyncError | None:
        """Run a transaction; returns what went wrong, if anything."""
        try:
            self._table.transact(actions)
        except (TransactionCancelled, SyncError) as problem:
            return problem
        return None


def _saved(link: Link, result: ConditionFailed | SyncError | None) -> Saved:
    if isinstance(result, ConditionFailed):
        return Conflict(_FIRST)
    return link.saved() if result is None else result


def _as_read(link: Link) -> Mapping[str, Any]:
    """The condition that a link is stored as it was read: its records and its version."""
    _, salesforce = records_of(link)
    return {
        "ConditionExpression": "v = :v AND s = :s",
        "ExpressionAttributeValues": {
            ":v": {"N": str(link.version)},
            ":s": {"S": str(salesforce)},
        },
    }


def _update_of(link: Link) -> ConditionalUpdate:
    hubspot, salesforce = records_of(link)
    unchanged = {"v": {"N": str(link.version)}, "s": {"S": str(salesforce)}}
    key = link_key(link.connection, hubspot)
    return ConditionalUpdate(key, updated(link, link.version + 1), unchanged)


def _identity(link: Link) -> tuple[str, Ref, Ref, int]:
    return (link.connection, *records_of(link), link.version)


def _without_rivals(
    links: list[tuple[int, Link]], outcomes: dict[int, Saved]
) -> list[tuple[int, Link]]:
    """Leave out links that share a record with an earlier one of the same call, because DynamoDB
    refuses a transaction that writes an item twice. Their outcome is a `Conflict`.
    """
    taken: set[tuple[str, Ref]] = set()
    kept: list[tuple[int, Link]] = []
    for at, link in links:
        places = {(link.connection, ref) for ref in records_of(link)}
        if places & taken:
            outcomes[at] = Conflict(_FIRST)
        else:
            kept.append((at, link))
        taken |= places
    return kept


def _failures(problem: TransactionCancelled | SyncError, ats: list[int]) -> dict[int, SyncError]:
    """The links that made a transaction of two actions per link fail, with their errors: those that
    DynamoDB names, or all.
    """
    if isinstance(problem, SyncError):
        return dict.fromkeys(ats, problem)
    failed: dict[int, SyncError] = {}
    for place, at in enumerate(ats):
        codes = problem.codes[ACTIONS * place : ACTIONS * (place + 1)]
        if any(code != FINE for code in codes):
            failed[at] = _failure_of(codes)
    return failed


def _failure(problem: TransactionCancelled | SyncError) -> SyncError:
    """The error for a transaction about one link."""
    return problem if isinstance(problem, SyncError) else _failure_of(problem.codes)


def _failure_of(codes: Sequence[str]) -> SyncError:
    """The error for these reasons, at least one of which is not `FINE`."""
    if CONDITION_FAILED in codes:
        return Conflict(_FIRST)
    code = next(code for code in codes if code != FINE)
    return TryAgain(f"{_WHAT} is busy.", after=2, code=code)

"""The link table on DynamoDB.

Reading costs one read unit per record from the HubSpot side (one strongly consistent item). From
the Salesforce side the pointer is read first: half a unit, because a pointer may be read eventually
consistent. It cannot mislead: the whole item, which is read strongly consistent, says itself whose
it is, and only when pointer and item disagree, or no pointer is seen, is the pointer read strongly
as well. Pointers once seen are kept in memory, which makes most Salesforce reads cost one unit,
too. Saving costs one write unit per update and four per new or dropped link.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Conflict, SyncError, TryAgain
from crmsync.gateways.aws.errors import aws_error
from crmsync.gateways.aws.key_ring import KeyRing
from crmsync.gateways.dynamodb.links_items import (
    Item,
    is_whole,
    key_of,
    link_of,
    pair,
    placed,
    pointer,
    record_of,
    whole,
)
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.model.links import Link
from crmsync.model.records import Ref, Side

GET_BATCH = 100
PAIRS = 50
"""New links per transaction: two items each, 100 being DynamoDB's ceiling."""

THREADS = 8
REMEMBERED = 20_000
"""Pointers kept in memory, some 4 MB."""

_TAKEN = "ConditionalCheckFailed"
_FINE = "None"
"""DynamoDB's codes in the reasons for a cancelled transaction; the second one belongs to actions
that were not to blame.
"""

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
        patience: RetryPolicy | None = None,
        threads: int = THREADS,
    ) -> None:
        """Use the boto3 `client` ("dynamodb"), which is shared between `threads` for updates.

        `ring` has the keys of the seals, for whoever compares them: a link with a newer one is not
        handed out.
        """
        self._ring = ring
        self._client = client
        self._table = table
        self._patience = patience or RetryPolicy()
        self._threads = threads
        self._pointers: OrderedDict[str, str] = OrderedDict()

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
        """Store links in order; one that cannot be saved never keeps the others from it."""
        outcomes: dict[int, Saved] = {}
        fresh = [(at, link) for at, link in enumerate(links) if not link.version]
        for part in chunks(_unrivalled(fresh, outcomes), PAIRS):
            self._together(part, self._creation, outcomes)
            outcomes.update(
                {at: replace(link, version=1) for at, link in part if outcomes[at] is link}
            )
        known = [at for at, link in enumerate(links) if link.version]
        if known:
            with ThreadPoolExecutor(min(self._threads, len(known))) as pool:
                outcomes.update(
                    zip(known, pool.map(self._update, (links[at] for at in known)), strict=True)
                )
        for saved in outcomes.values():
            if isinstance(saved, Link):
                self._remember(saved)
        return [outcomes[at] for at in range(len(links))]

    def drop(self, links: Sequence[Link]) -> Sequence[Saved]:
        """Forget links whole, in order; one that is gone already is done, also one that stands in
        the call twice.
        """
        once = {_name(link): (at, link) for at, link in enumerate(links)}
        outcomes: dict[int, Saved] = {}
        for part in chunks(_unrivalled(list(once.values()), outcomes), PAIRS):
            self._together(part, self._dropping, outcomes)
        for at, link in once.values():
            if isinstance(outcomes[at], Conflict):
                outcomes[at] = self._still_there(link) or link
            self._pointers.pop(key_of(link.connection, placed(link.salesforce)), None)
        return [outcomes[once[_name(link)][0]] for link in links]

    # -- finding --

    def _of_hubspot(self, connection: str, refs: list[Ref]) -> dict[Ref, Link]:
        items = self._get([key_of(connection, ref) for ref in refs], consistent=True)
        links = [link_of(item) for item in items if is_whole(item)]
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
        """The links that the records' pointers lead to, as far as the links agree. Memory counts
        only where consistency does not.
        """
        keys = {ref: key_of(connection, ref) for ref in refs}
        known = (
            {}
            if consistent
            else {key: self._pointers[key] for key in keys.values() if key in self._pointers}
        )
        unknown = [key for key in keys.values() if key not in known]
        known.update(
            {item["pk"]["S"]: item["s"]["S"] for item in self._get(unknown, consistent=consistent)}
        )
        links = self._of_hubspot(
            connection, list({record_of(known[key]) for key in keys.values() if key in known})
        )
        asked = set(refs)
        return {
            placed(link.salesforce): link for link in links.values() if link.salesforce in asked
        }

    def _get(self, keys: list[str], *, consistent: bool) -> list[Item]:
        found: list[Item] = []
        for part in chunks(keys, GET_BATCH):
            left: Mapping[str, Any] = {
                self._table: {
                    "Keys": [{"pk": {"S": key}} for key in part],
                    "ConsistentRead": consistent,
                }
            }
            attempt = 0
            while left:
                if attempt and not self._patience.wait(attempt):
                    raise TryAgain("The link table is busy.", after=5, code="UnprocessedKeys")
                attempt += 1
                try:
                    answer = self._client.batch_get_item(RequestItems=left)
                except (BotoCoreError, ClientError) as problem:
                    raise aws_error(problem, "The link table") from None
                found.extend(answer["Responses"].get(self._table, ()))
                left = answer.get("UnprocessedKeys") or {}
        return found

    def _remember(self, link: Link) -> None:
        hubspot, salesforce = pair(link)
        key = key_of(link.connection, salesforce)
        self._pointers[key] = str(hubspot)
        self._pointers.move_to_end(key)
        while len(self._pointers) > REMEMBERED:
            self._pointers.popitem(last=False)

    # -- saving --

    def _together(
        self,
        part: list[tuple[int, Link]],
        actions_of: Callable[[Link], list[Mapping[str, Any]]],
        outcomes: dict[int, Saved],
    ) -> None:
        """Do two actions per link, all in one transaction; when it is cancelled, those not to blame
        go again without the others.
        """
        attempt = 1
        while part:
            problem = self._transact([action for _, link in part for action in actions_of(link)])
            if problem is None:
                outcomes.update(part)
                return
            blamed = _blamed(problem, [at for at, _ in part])
            busy = any(isinstance(error, TryAgain) for error in blamed.values())
            if busy and self._patience.wait(attempt):
                attempt += 1
                blamed = {
                    at: error for at, error in blamed.items() if not isinstance(error, TryAgain)
                }
            outcomes.update(blamed)
            part = [(at, link) for at, link in part if at not in blamed]

    def _creation(self, link: Link) -> list[Mapping[str, Any]]:
        return [self._put(whole(link, 1), _FREE), self._put(pointer(link), _FREE)]

    def _update(self, link: Link) -> Saved:
        """Store a known link: one conditional write, unless one of its records is another one than
        before.
        """
        _, salesforce = pair(link)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=whole(link, link.version + 1),
                ConditionExpression="v = :v AND s = :s",
                ExpressionAttributeValues={
                    ":v": {"N": str(link.version)},
                    ":s": {"S": str(salesforce)},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "ConditionalCheckFailedException":
                return aws_error(problem, "The link table")
            return self._moved(link, problem.response.get("Item"))
        except BotoCoreError as problem:
            return aws_error(problem, "The link table")
        return replace(link, version=link.version + 1)

    def _moved(self, link: Link, stored: Item | None) -> Saved:
        """Store a link one of whose records was replaced (a converted lead, a merge), together with
        the pointers; or tell who was first.
        """
        try:
            before = link_of(stored) if stored else self._before(link)
        except SyncError as error:
            return error
        if before is None or before.version != link.version or pair(before) == pair(link):
            return Conflict(_FIRST)
        problem = self._transact(self._move(before, link))
        return replace(link, version=link.version + 1) if problem is None else _blame(problem)

    def _before(self, link: Link) -> Link | None:
        """The stored link when its HubSpot record was another one: found through the Salesforce
        record.
        """
        _, salesforce = pair(link)
        return self._of_salesforce(link.connection, [salesforce], consistent=True).get(salesforce)

    def _move(self, before: Link, link: Link) -> list[Mapping[str, Any]]:
        same_version = {
            "ConditionExpression": "v = :v",
            "ExpressionAttributeValues": {":v": {"N": str(link.version)}},
        }
        item = whole(link, link.version + 1)
        if before.hubspot == link.hubspot:
            actions = [self._put(item, same_version)]
        else:
            actions = [self._put(item, _FREE), self._delete(whole(before, 0), same_version)]
        if before.salesforce == link.salesforce:
            return [*actions, self._put(pointer(link), {})]
        return [*actions, self._put(pointer(link), _FREE), self._delete(pointer(before), {})]

    # -- dropping --

    def _dropping(self, link: Link) -> list[Mapping[str, Any]]:
        hubspot, salesforce = pair(link)
        values = {":v": {"N": str(link.version)}, ":s": {"S": str(salesforce)}}
        as_read = {"ConditionExpression": "v = :v AND s = :s", "ExpressionAttributeValues": values}
        to_it = {
            "ConditionExpression": "s = :h",
            "ExpressionAttributeValues": {":h": {"S": str(hubspot)}},
        }
        return [self._delete(whole(link, 0), as_read), self._delete(pointer(link), to_it)]

    def _still_there(self, link: Link) -> SyncError | None:
        """What keeps a link from being dropped: a link of one of its records, unless both were
        forgotten before.
        """
        hubspot, salesforce = pair(link)
        try:
            found = self._of_hubspot(link.connection, [hubspot])
            found.update(self._of_salesforce(link.connection, [salesforce], consistent=True))
        except SyncError as error:
            return error
        return Conflict(_FIRST) if found else None

    def _put(self, item: Item, condition: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    def _delete(self, item: Item, condition: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": {"pk": item["pk"]}, **condition}}

    def _transact(self, actions: list[Mapping[str, Any]]) -> BotoCoreError | ClientError | None:
        """Run a transaction; what went wrong, if anything. The client sends a token, so its own
        repeats are not applied twice.
        """
        try:
            self._client.transact_write_items(TransactItems=actions)
        except (BotoCoreError, ClientError) as problem:
            return problem
        return None


_FREE: Mapping[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}


def _name(link: Link) -> tuple[str, Ref, Ref, int]:
    return (link.connection, *pair(link), link.version)


def _unrivalled(
    fresh: list[tuple[int, Link]], outcomes: dict[int, Saved]
) -> list[tuple[int, Link]]:
    """Links whose places no earlier one of the same call wants, which a transaction would refuse
    whole; the others are conflicts.
    """
    taken: set[tuple[str, Ref]] = set()
    kept: list[tuple[int, Link]] = []
    for at, link in fresh:
        places = {(link.connection, ref) for ref in pair(link)}
        if places & taken:
            outcomes[at] = Conflict(_FIRST)
        else:
            kept.append((at, link))
        taken |= places
    return kept


def _blame(
    problem: BotoCoreError | ClientError, reasons: Sequence[Mapping[str, Any]] = ()
) -> SyncError:
    """What a failed transaction, or the part of it that these cancellation reasons are about,
    means.
    """
    if not reasons and isinstance(problem, ClientError):
        reasons = problem.response.get("CancellationReasons") or ()
    codes = [reason.get("Code", _FINE) for reason in reasons]
    if _TAKEN in codes:
        return Conflict(_FIRST)
    busy = [code for code in codes if code != _FINE]
    return (
        TryAgain("The link table is busy.", after=2, code=busy[0])
        if busy
        else aws_error(problem, "The link table")
    )


def _blamed(problem: BotoCoreError | ClientError, ats: list[int]) -> dict[int, SyncError]:
    """Who is to blame for a failed transaction of two actions per link: the links whose place was
    taken or busy, or else all.
    """
    reasons = (
        problem.response.get("CancellationReasons") if isinstance(problem, ClientError) else None
    ) or ()
    guilty = {
        at: _blame(problem, reasons[2 * place : 2 * place + 2])
        for place, at in enumerate(ats)
        if any(reason.get("Code", _FINE) != _FINE for reason in reasons[2 * place : 2 * place + 2])
    }
    return guilty or dict.fromkeys(ats, _blame(problem))

"""``crmsync links keys``, ``new-key``, ``reseal`` and ``retire-keys``: the keys of links."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crmsync.cli.answer import (
    DONE,
    FINDINGS,
    Answer,
    Subparsers,
    add_apply,
    add_command,
    columns,
)

if TYPE_CHECKING:
    from crmsync.flows.backfill.link_keys import KeyCount
    from crmsync.flows.operator.operator import Operator

_KEEPS = (
    "A pair keeps its key while an edit of it has yet to sync, as crmsync errors list says, "
    "or while a mapping of it rests."
)


def add_commands(links: Subparsers) -> None:
    """Add them to ``links``."""
    add_command(
        links,
        "keys",
        _keys,
        "list the keys of the links, and how many links need each; reads all",
        "crmsync links keys",
    )
    add_apply(
        add_command(
            links,
            "new-key",
            _new_key,
            "make a new key, which links get as they are saved",
            "crmsync links new-key --apply",
        )
    )
    add_apply(
        add_command(
            links,
            "reseal",
            _reseal,
            "sync every pair that has an earlier key",
            "crmsync links reseal --apply",
        )
    )
    add_apply(
        add_command(
            links,
            "retire-keys",
            _retire,
            "remove the keys that no pair needs",
            "crmsync links retire-keys --apply",
        )
    )


def _keys(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    found = operator.links.keys.count()
    return Answer(_document(found), _table(found), _to_do(found))


def _new_key(operator: Operator, arguments: argparse.Namespace) -> Answer:
    number = operator.links.keys.renew(apply=arguments.apply)
    text = f"This would be key {number}; --apply makes it."
    if arguments.apply:
        text = (
            f"Key {number} is in use; functions know it within five minutes. Then: crmsync "
            "links reseal --apply."
        )
    return Answer({"applied": arguments.apply, "key": number}, text)


def _reseal(operator: Operator, arguments: argparse.Namespace) -> Answer:
    pairs = operator.links.keys.reseal(apply=arguments.apply)
    counts = [f"{count:,} of kind {kind}" for kind, count in sorted(pairs.queued.items())]
    listed = ", ".join(counts) or "no pairs"
    text = f"Would sync {listed}."
    if arguments.apply:
        text = f"Queued: {listed}; crmsync links keys says how many are left."
    remarks: tuple[str, ...] = ()
    if pairs.left:
        remarks = (
            f"{pairs.left:,} pairs are not of a kind that is switched on, and keep their key.",
        )
    document = {"applied": arguments.apply, "queued": dict(pairs.queued), "left": pairs.left}
    return Answer(document, text, remarks)


def _retire(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found, gone = operator.links.keys.retire(apply=arguments.apply)
    names = ", ".join(map(str, gone))
    if not gone:
        text = "No key is removed."
    elif arguments.apply:
        text = f"Removed: {names}."
    else:
        text = f"Would be removed for good: {names}; --apply does it."
    document = _document(found) | {"applied": arguments.apply and bool(gone), "gone": list(gone)}
    return Answer(document, text, _to_do(found), FINDINGS if found.older else DONE)


def _to_do(found: KeyCount) -> tuple[str, ...]:
    """What is left to do while pairs need an earlier key."""
    if not found.older:
        return ()
    return (
        (
            f"{found.older:,} pairs need an earlier key: crmsync links reseal --apply syncs them. "
            f"{_KEEPS}"
        ),
    )


def _table(found: KeyCount) -> str:
    rows = [("key", "existing pairs", "of deleted records")]
    for number in found.numbers:
        label = f"{number} (in use)" if number == found.numbers[0] else str(number)
        rows.append((label, *_counts(number, found)))
    gone = sorted({*found.active, *found.deleted} - set(found.numbers))
    rows += [(f"{number} (gone)", *_counts(number, found)) for number in gone]
    return columns(rows)


def _counts(number: int, found: KeyCount) -> tuple[str, str]:
    return f"{found.active[number]:,}", f"{found.deleted[number]:,}"


def _document(found: KeyCount) -> dict[str, object]:
    numbers = dict.fromkeys((*found.numbers, *found.active, *found.deleted))
    rows = [
        {"key": one, "pairs": found.active[one], "of_deleted": found.deleted[one]}
        for one in numbers
    ]
    return {"in_use": found.numbers[0], "stored": list(found.numbers), "keys": rows}

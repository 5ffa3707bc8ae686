"""The words about the links' keys: which there are and who needs them, a new one, links sealed
anew, earlier ones taken away.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from crmsync.cli.answer import DONE, FINDINGS, Answer, Subparsers, add_apply, add_command, columns

if TYPE_CHECKING:
    from crmsync.flows.backfill.link_keys import KeyCount
    from crmsync.flows.operator.operator import Operator


_KEEPS = "A pair keeps its key while it shows an edit that has yet to cross, as crmsync errors list says, or while a mapping of it rests."


def add_commands(links: Subparsers) -> None:
    """Add them to ``links``."""
    add_command(
        links,
        "keys",
        _keys,
        "which keys seal the links, and how many links need each; reads all links",
    )
    add_apply(
        add_command(
            links,
            "new-key",
            _new_key,
            "make a new key, which all links are sealed with as they are saved",
        )
    )
    add_apply(
        add_command(
            links, "reseal", _reseal, "have every pair looked at that an earlier key has sealed"
        )
    )
    add_apply(
        add_command(links, "retire-keys", _retire, "take the keys away that no pair needs any more")
    )


def _keys(operator: Operator, _arguments: argparse.Namespace) -> Answer:
    found = operator.links.keys.count()
    return Answer(_document(found), _table(found), _to_do(found))


def _new_key(operator: Operator, arguments: argparse.Namespace) -> Answer:
    number = operator.links.keys.renew(apply=arguments.apply)
    said = f"Key {number} is in use; functions know it within five minutes. Then: crmsync links reseal --apply."
    text = said if arguments.apply else f"This would be key {number}; --apply makes it."
    return Answer({"applied": arguments.apply, "key": number}, text)


def _reseal(operator: Operator, arguments: argparse.Namespace) -> Answer:
    looks = operator.links.keys.reseal(apply=arguments.apply)
    counts = (
        ", ".join(f"{count:,} of kind {kind}" for kind, count in sorted(looks.queued.items()))
        or "no pairs"
    )
    text = (
        f"Queued: {counts}; crmsync links keys says how many are left."
        if arguments.apply
        else f"Would look at {counts}."
    )
    remarks = (
        (f"{looks.left:,} pairs belong to no concern that is switched on, and keep their key.",)
        if looks.left
        else ()
    )
    return Answer(
        {"applied": arguments.apply, "queued": dict(looks.queued), "left": looks.left},
        text,
        remarks,
    )


def _retire(operator: Operator, arguments: argparse.Namespace) -> Answer:
    found, gone = operator.links.keys.retire(apply=arguments.apply)
    text = _going(gone, applied=arguments.apply) if gone else "No key goes."
    document = _document(found) | {"applied": arguments.apply and bool(gone), "gone": list(gone)}
    return Answer(document, text, _to_do(found), FINDINGS if found.older else DONE)


def _going(numbers: tuple[int, ...], *, applied: bool) -> str:
    names = ", ".join(map(str, numbers))
    return f"Gone: {names}." if applied else f"Would go: {names}; --apply takes them away for good."


def _to_do(found: KeyCount) -> tuple[str, ...]:
    """What is left to do while pairs need an earlier key."""
    if not found.older:
        return ()
    return (
        f"{found.older:,} pairs need an earlier key: crmsync links reseal --apply has them looked at. {_KEEPS}",
    )


def _table(found: KeyCount) -> str:
    rows = [("key", "pairs that stand", "of deleted records")]
    rows += [
        (f"{one}{' (in use)' if one == found.numbers[0] else ''}", *_counts(one, found))
        for one in found.numbers
    ]
    rows += [
        (f"{one} (gone)", *_counts(one, found))
        for one in sorted({*found.standing, *found.buried} - set(found.numbers))
    ]
    return columns(rows)


def _counts(number: int, found: KeyCount) -> tuple[str, str]:
    return f"{found.standing[number]:,}", f"{found.buried[number]:,}"


def _document(found: KeyCount) -> dict[str, object]:
    numbers = dict.fromkeys((*found.numbers, *found.standing, *found.buried))
    rows = [
        {"key": one, "pairs": found.standing[one], "of_deleted": found.buried[one]}
        for one in numbers
    ]
    return {"in_use": found.numbers[0], "stored": list(found.numbers), "keys": rows}

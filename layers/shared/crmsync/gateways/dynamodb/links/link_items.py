"""Links as items of the link table, and back. No calls.

Two items per link, so that it is found from either side:

    pk                              attributes
    acme#hubspot:contact:81         the link:
                                    s (the Salesforce record), k (kind),
                                    h and f (HubSpot's and Salesforce's base),
                                    hi, fi and ti (intents of a write to HubSpot, of one to
                                    Salesforce, and of associating contacts; absent = none),
                                    w (fields last written), t (1 = tombstone, 2 = deleted for
                                    privacy, else absent),
                                    d (the side that was deleted),
                                    c (contacts associated with a deal on both sides, each
                                    with its Salesforce contact),
                                    ho and so (id of the HubSpot and of the Salesforce owner,
                                    "" = none, absent = never read), oo (id of the Salesforce
                                    owner whom an older write replaced), b (what is held back),
                                    l (fields that are written in turn, absent = none),
                                    v (version), e (number of the fingerprints' key, absent = 1),
                                    y (what was decided lately, absent = nothing)
    acme#salesforce:Contact:003...  s = the HubSpot record: a pointer

An attribute may be absent or NULL, which mean the same: an update sets all attributes, as no
document says whether a statement may remove one that is absent.

Names are one or two letters and bases are bytes, so that a link fits into one write unit (1 KB)
with up to some forty mapped fields. What was decided lately takes the rest of the units that the
link needs anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from crmsync.gateways.dynamodb.table import NULL, Item, Key, attributes_of
from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.fingerprints import TAG_BYTES, Base
from crmsync.model.links import LOOP_BYTES, Intent, Link, LinkState, LoopState, Place, fitted
from crmsync.model.records import Kind, Ref, Side

AttributeValue: TypeAlias = Mapping[str, Any]
"""A value as the low-level client has it: `{"N": "1"}`."""

WRITE_UNIT = 1024
"""Bytes of an item that one write unit pays for (docs/vendors.md#aws)."""

_HISTORY = "y"
_NO_INTENT = Intent()

_STATES: Mapping[LinkState, str] = MappingProxyType(
    {LinkState.TOMBSTONE: "1", LinkState.FORGOTTEN: "2"}
)


def link_key(connection: str, ref: Ref) -> Key:
    """The table key of a record."""
    return (f"{connection}#{ref}",)


def record_of(key: str) -> Ref:
    """The record in a `pk` or an `s` attribute. Raises `ValueError` if there is none."""
    side, name, identifier = key.rpartition("#")[2].split(":", 2)
    return Ref(Side(side), name, identifier)


def placed(place: Place) -> Ref:
    """The record in a link's place. Raises `TypeError` for a slot: a link may be saved only when
    both its records exist.
    """
    if not isinstance(place, Ref):
        msg = f"a link cannot be saved while {place} is not filled"
        raise TypeError(msg)
    return place


def records_of(link: Link) -> tuple[Ref, Ref]:
    """The HubSpot and the Salesforce record. Raises `TypeError` for a slot."""
    return placed(link.hubspot), placed(link.salesforce)


def whole(link: Link, version: int) -> Item:
    """The item of the link itself, under its HubSpot record."""
    present = {name: value for name, value in _optional(link).items() if value is not None}
    return _with_history({**_required(link, version), **present}, link.history)


def updated(link: Link, version: int) -> Item:
    """All attributes of the item of a link whose records stay the same, without its key."""
    optional = {name: value or NULL for name, value in _optional(link).items()}
    item = _with_history({**_required(link, version), **optional, _HISTORY: NULL}, link.history)
    del item["pk"]
    return item


def _required(link: Link, version: int) -> dict[str, AttributeValue]:
    hubspot, salesforce = records_of(link)
    return {
        **attributes_of(link_key(link.connection, hubspot)),
        "s": {"S": str(salesforce)},
        "k": {"S": str(link.kind)},
        "h": {"B": link.hubspot_base.to_bytes()},
        "f": {"B": link.salesforce_base.to_bytes()},
        "v": {"N": str(version)},
    }


def _optional(link: Link) -> Mapping[str, AttributeValue | None]:
    """Attributes that many links do without, None for those that this one does without."""
    loops = b"".join(key + link.loops[key].to_bytes() for key in sorted(link.loops))
    holds = [f"{hold.side} {hold.counted}" for hold in sorted(link.holds)]
    tied = [f"{mine} {theirs}" for mine, theirs in sorted(link.tied.items())]
    return {
        "hi": _intent(link.hubspot_intent),
        "fi": _intent(link.salesforce_intent),
        "ti": _intent(link.tying),
        "w": {"B": b"".join(sorted(link.wrote))} if link.wrote else None,
        "e": {"N": str(link.key)} if link.key != 1 else None,
        "t": {"N": _STATES[link.state]} if link.state is not LinkState.ACTIVE else None,
        "d": _text(link.deleted_on),
        "m": {"N": "1"} if link.is_merged else None,
        "c": {"SS": tied} if tied else None,
        "b": {"SS": holds} if holds else None,
        "l": {"B": loops} if loops else None,
        "ho": _text(link.hubspot_owner),
        "so": _text(link.salesforce_owner),
        "oo": _text(link.overtaken_owner or None),
    }


def _intent(intent: Intent) -> AttributeValue | None:
    return None if intent == _NO_INTENT else {"B": intent.to_bytes()}


def _text(text: str | None) -> AttributeValue | None:
    return None if text is None else {"S": str(text)}


def _with_history(item: dict[str, AttributeValue], history: str) -> dict[str, AttributeValue]:
    """The item with as much of the history as fits into the write units that it takes anyway."""
    if not history:
        return item
    room = -_size(item) % WRITE_UNIT
    if _HISTORY in item:  # as NULL, which takes a byte besides the name
        room += len(_HISTORY) + 1
    kept = fitted(history, room)
    return {**item, _HISTORY: {"S": kept}} if kept else item


def _size(item: Item) -> int:
    """The bytes that DynamoDB charges for an item whose values have the forms that links have."""
    size = 0
    for name, value in item.items():
        ((form, content),) = value.items()
        size += len(name)
        if form == "NULL":
            size += 1
        elif form == "B":
            size += len(content)
        elif form == "S":
            size += len(content.encode())
        elif form == "N":
            size += (len(content) + 1) // 2 + 1
        else:
            size += sum(len(one.encode()) for one in content)
    return size


def pointer(link: Link) -> Item:
    """The item that points to the link, under its Salesforce record."""
    hubspot, salesforce = records_of(link)
    return {**attributes_of(link_key(link.connection, salesforce)), "s": {"S": str(hubspot)}}


def link_of(item: Item) -> Link:
    """The link that an item holds."""
    item = {name: value for name, value in item.items() if value != NULL}
    key = item["pk"]["S"]
    wrote = item.get("w", {}).get("B", b"")
    hubspot, salesforce = record_of(key), record_of(item["s"]["S"])
    return Link(
        connection=key.rpartition("#")[0],
        kind=Kind(item["k"]["S"]),
        hubspot=hubspot,
        salesforce=salesforce,
        hubspot_base=Base.from_bytes(item["h"]["B"]),
        salesforce_base=Base.from_bytes(item["f"]["B"]),
        wrote=frozenset(
            wrote[start : start + TAG_BYTES] for start in range(0, len(wrote), TAG_BYTES)
        ),
        state=state_of(item),
        version=int(item["v"]["N"]),
        hubspot_owner=item.get("ho", {}).get("S"),
        salesforce_owner=item.get("so", {}).get("S"),
        overtaken_owner=item.get("oo", {}).get("S", ""),
        tied=dict(one.split(" ") for one in item.get("c", {}).get("SS", ())),
        deleted_on=Side(item["d"]["S"]) if "d" in item else None,
        is_merged="m" in item,
        hubspot_intent=Intent.from_bytes(item["hi"]["B"]) if "hi" in item else _NO_INTENT,
        salesforce_intent=Intent.from_bytes(item["fi"]["B"]) if "fi" in item else _NO_INTENT,
        tying=Intent.from_bytes(item["ti"]["B"]) if "ti" in item else _NO_INTENT,
        holds=frozenset(map(_hold, item.get("b", {}).get("SS", ()))),
        loops=_loops(item["l"]["B"]) if "l" in item else {},
        key=key_number_of(item),
        history=item.get(_HISTORY, {}).get("S", ""),
        stored=(hubspot, salesforce),
    )


def state_of(item: Item) -> LinkState:
    """The state of the link that an item holds."""
    stored = item.get("t", NULL).get("N", "")
    return next((state for state, one in _STATES.items() if one == stored), LinkState.ACTIVE)


def key_number_of(item: Item) -> int:
    """The number of the key that the fingerprints of a stored link are made with."""
    return int(item.get("e", NULL).get("N", 1))


def _hold(text: str) -> Hold:
    side, counted = text.split()
    return Hold(Side(side), ChangeLimit(counted))


def _loops(raw: bytes) -> dict[bytes, LoopState]:
    size = TAG_BYTES + LOOP_BYTES
    rows = (raw[start : start + size] for start in range(0, len(raw), size))
    return {row[:TAG_BYTES]: LoopState.from_bytes(row[TAG_BYTES:]) for row in rows}


def is_whole(item: Item) -> bool:
    """Whether the item holds a link, not a pointer."""
    return "v" in item

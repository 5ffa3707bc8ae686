"""Links as items of the table, and back. No calls.

Two items per link, found from either side:

    pk                                     attributes
    acme#hubspot:contact:81                the whole link: s (the Salesforce record), k (kind), h and f (bases), hi, fi and ti (intents of a
                                           write to HubSpot, to Salesforce, and of tying contacts, absent = none), w (fields last written),
                                           t (1 = tombstone, else absent), d (the side that died), c (contacts tied to
                                           a deal on both sides), ho and so (HubSpot and Salesforce owner's id, "" = none, absent =
                                           never looked at), b (what a brake holds back), v (version), e (number of the
                                           seals' key, absent = 1)
    acme#salesforce:Contact:003...         s = the HubSpot record: a pointer

Names are a letter or two long and bases are bytes, so that a link stays within one write unit (1
KB) up to some forty mapped fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from crmsync.model.brakes import Counted, Hold
from crmsync.model.links import TAG_BYTES, Base, Intent, Link, LinkState, Place
from crmsync.model.records import Kind, Ref, Side

Item: TypeAlias = Mapping[str, Any]
"""An item as the low-level DynamoDB client has it."""


def key_of(connection: str, ref: Ref) -> str:
    """The table key of a record."""
    return f"{connection}#{ref}"


def record_of(key: str) -> Ref:
    """The record of a table key or of an `s` attribute. Raises `ValueError` when it is none."""
    side, name, identifier = key.rpartition("#")[2].split(":", 2)
    return Ref(Side(side), name, identifier)


def placed(place: Place) -> Ref:
    """The record of a link's place. Raises `TypeError` for a slot: a link is saved when both its
    records exist.
    """
    if not isinstance(place, Ref):
        msg = f"a link cannot be saved while {place} is not filled"
        raise TypeError(msg)
    return place


def pair(link: Link) -> tuple[Ref, Ref]:
    """The HubSpot and the Salesforce record. Raises `TypeError` for a slot."""
    return placed(link.hubspot), placed(link.salesforce)


def whole(link: Link, version: int) -> Item:
    """The item under the HubSpot record."""
    hubspot, salesforce = pair(link)
    item: dict[str, Any] = {
        "pk": {"S": key_of(link.connection, hubspot)},
        "s": {"S": str(salesforce)},
        "k": {"S": str(link.kind)},
        "h": {"B": link.hubspot_base.to_bytes()},
        "f": {"B": link.salesforce_base.to_bytes()},
        "v": {"N": str(version)},
    }
    for name, intent in (
        ("hi", link.hubspot_intent),
        ("fi", link.salesforce_intent),
        ("ti", link.tying),
    ):
        if intent != Intent():
            item[name] = {"B": intent.to_bytes()}
    if link.wrote:
        item["w"] = {"B": b"".join(sorted(link.wrote))}
    if link.key != 1:
        item["e"] = {"N": str(link.key)}
    if link.state is LinkState.TOMBSTONE:
        item["t"] = {"N": "1"}
    if link.died is not None:
        item["d"] = {"S": str(link.died)}
    if link.tied:
        item["c"] = {"SS": sorted(link.tied)}
    if link.holds:
        item["b"] = {"SS": [f"{hold.side} {hold.counted}" for hold in sorted(link.holds)]}
    owners = {"ho": link.hubspot_owner, "so": link.salesforce_owner}
    return item | {name: {"S": owner} for name, owner in owners.items() if owner is not None}


def pointer(link: Link) -> Item:
    """The item under the Salesforce record."""
    hubspot, salesforce = pair(link)
    return {"pk": {"S": key_of(link.connection, salesforce)}, "s": {"S": str(hubspot)}}


def link_of(item: Item) -> Link:
    """The link of a whole item."""
    key = item["pk"]["S"]
    wrote = item.get("w", {}).get("B", b"")
    return Link(
        connection=key.rpartition("#")[0],
        kind=Kind(item["k"]["S"]),
        hubspot=record_of(key),
        salesforce=record_of(item["s"]["S"]),
        hubspot_base=Base.from_bytes(item["h"]["B"]),
        salesforce_base=Base.from_bytes(item["f"]["B"]),
        wrote=frozenset(
            wrote[start : start + TAG_BYTES] for start in range(0, len(wrote), TAG_BYTES)
        ),
        state=LinkState.TOMBSTONE if "t" in item else LinkState.ACTIVE,
        version=int(item["v"]["N"]),
        hubspot_owner=item.get("ho", {}).get("S"),
        salesforce_owner=item.get("so", {}).get("S"),
        tied=frozenset(item.get("c", {}).get("SS", ())),
        died=Side(item["d"]["S"]) if "d" in item else None,
        hubspot_intent=Intent.from_bytes(item["hi"]["B"]) if "hi" in item else Intent(),
        salesforce_intent=Intent.from_bytes(item["fi"]["B"]) if "fi" in item else Intent(),
        tying=Intent.from_bytes(item["ti"]["B"]) if "ti" in item else Intent(),
        holds=frozenset(map(_hold, item.get("b", {}).get("SS", ()))),
        key=int(item["e"]["N"]) if "e" in item else 1,
    )


def _hold(text: str) -> Hold:
    side, counted = text.split()
    return Hold(Side(side), Counted(counted))


def is_whole(item: Item) -> bool:
    """Whether the item is a whole link, not a pointer."""
    return "v" in item

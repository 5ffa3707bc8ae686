"""The history of a pair, for people: what its link has of earlier decisions, with the names that a
field has on both sides, the values where they were kept, and who made the edit (CH-3, CH-29).

Shows what was decided and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from crmsync.model.conflicts import LoggedConflict
from crmsync.model.decisions import Decision, DecisionType, decisions_of
from crmsync.model.fields import FieldRule
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, ActivityKind
from crmsync.model.links import LONGEST_WRITE, Link
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.operations.overwritten import Overwrite, OverwrittenBatch
from crmsync.model.records import Kind, Origin, Ref, Side, Value
from crmsync.model.settings import Connection
from crmsync.rules.fields.maps import (
    CURRENCY,
    DEFAULT_ACCOUNT_MAPS,
    DEFAULT_CONTACT_MAPS,
    DEFAULT_OPPORTUNITY_MAPS,
    FieldMap,
    with_custom_rows,
)
from crmsync.rules.kinds.activity.field_map import activity_map
from crmsync.rules.preview.explanation import TOPICS

PARKED = "parked"
"""What a line from the error inbox says was decided."""

_SECOND = timedelta(seconds=1)
"""Times of decisions are whole seconds."""

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "MAP-1": "The preferred side's value counts; the other side may fill a blank.",
        "MAP-2": "Only one side's value ever counts.",
        "MAP-3": "Two-way: the later edit counts, and a value fills a blank.",
        "CH-4": "A value fills a blank and overwrites nothing.",
        "PLT-5": "HubSpot lets no stage go back, so its own stage counts.",
        "OWN-7": "The HubSpot owner has no counterpart: the Salesforce owner counts.",
        "OWN-11": "At the first meeting, the active Salesforce owner counts.",
        "OWN-12": "The later change of the owner counts.",
        "OWN-16": "At the first meeting, the account's active owner counts.",
        "OWN-17": "The later change of the owner counts.",
        "OPT-3": "An opt-out in HubSpot is shown in Salesforce.",
        "OPT-4": "An opt-out in Salesforce unsubscribes the contact in HubSpot.",
        "OPT-5": "Unticking the box in Salesforce does not subscribe the contact.",
        "OPT-6": "Only the contact can take an opt-out back.",
        "FLD-8": "The contact's account follows its company, and the other way round.",
        "Q-29": "The settings let a removed association go on the other side as well.",
        "Q-30": "A limit on changes within an hour, and what the operator decided.",
        "OPP-5": "The stage follows the side that changed it.",
        "CH-5": "crmsync and somebody else kept changing this field in turn.",
        "CH-8": "A CRM refused this field; the rest of the record was written.",
        "CH-29": "An undo put the value back that stood there before.",
        "DUP-1": "Both records have the same e-mail address, or one names the other.",
        "DUP-2": "The contacts of both belong together, or one names the other.",
        "CH-9": "The contact was deleted in HubSpot for privacy.",
        "CH-14": "One names the other, or both have the value that the settings match by.",
        "DUP-24": "The stored id of the other record decides who belongs together.",
        "DUP-26": "The lead was converted; the pair goes on with its contact.",
        "MRG-1": "Records were merged in Salesforce; the pair goes on with the one left.",
        "MRG-2": "A merge in Salesforce leaves the loser's contact without a counterpart.",
        "MRG-3": "Records were merged in HubSpot; the pair goes on with the one left.",
        "DEL-1": "One of the two was deleted, merged into another pair, or restored.",
        "ACT-7": "One of the two was deleted; the other one stays.",
        "ACT-8": "One of the two was deleted, and the settings delete the other one.",
        "OPP-13": "The opportunity was deleted.",
        "OPP-14": "The deal was deleted.",
        "SET-1": "New Salesforce records make HubSpot contacts, by the settings.",
        "SET-2": "New HubSpot contacts make Salesforce records, by the settings.",
        "ACC-3": "A new account makes a company.",
        "ACC-7": "A company that HubSpot made by itself makes an account for its contacts.",
        "ACC-8": "A company with such contacts makes an account.",
        "ACC-9": "A company of a synced contact makes an account.",
        "ACC-13": "Somebody asked for this company's account.",
        "OPP-1": "A new opportunity makes a deal.",
        "OPP-11": "A new deal makes an opportunity.",
    }
)
"""The rules behind decisions, in one line each."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        DecisionType.WRITTEN: "written to {here}",
        DecisionType.CONFLICT: "conflict, {across} won",
        DecisionType.REFUSED: "refused by {here}",
        DecisionType.HELD: "held back from {here}",
        DecisionType.RELEASED: "released to {here}",
        DecisionType.DROPPED: "dropped for {here}",
        DecisionType.RESTORED: "put back in {here}",
        DecisionType.CREATED: "created in {here}",
        DecisionType.MOVED: "moved in {here}",
        DecisionType.ENDED: "ended, gone in {here}",
    }
)
"""What is said of a decision that has a side."""

_BOTH_KEPT = "conflict, both kept"


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One decision, for people.

    Attributes:
        at: When (UTC).
        decision: What was decided; `PARKED` for an entry of the error inbox.
        side: The side that got the value, or on which it happened; None for neither.
        hubspot: The property; "" for the whole pair.
        salesforce: The field; "" for the whole pair, or where no mapping names one any more.
        policy: The update policy of a mapped field, else "".
        because: The id of the rule, "" for none.
        by: Who made the edit, as far as a CRM says; "" where none does.
        is_valued: Whether the two values were kept.
        old: The value that was overwritten.
        new: The value that took its place.
        text: What else is known.
    """

    at: datetime
    decision: str
    side: Side | None = None
    hubspot: str = ""
    salesforce: str = ""
    policy: str = ""
    because: str = ""
    by: str = ""
    is_valued: bool = False
    old: Value = field(default=None, repr=False)
    new: Value = field(default=None, repr=False)
    text: str = ""

    @property
    def winner(self) -> Side | None:
        """The side whose value was taken, None for neither."""
        return self.side.other if self.side else None


def decision_text(line: HistoryLine) -> str:
    """What was decided, such as ``conflict, HubSpot won``."""
    if line.side is None:
        return _BOTH_KEPT if line.decision == DecisionType.CONFLICT else line.decision
    words = _WORDS.get(line.decision, line.decision)
    return words.format(here=line.side.label, across=line.side.other.label)


def lines_of_link(link: Link, connection: Connection) -> tuple[HistoryLine, ...]:
    """The decisions that a link has, newest first."""
    mine, theirs = (
        one.object if isinstance(one, Ref) else "" for one in (link.hubspot, link.salesforce)
    )
    pairs = _field_pairs(link.kind, (mine, theirs), connection)
    return tuple(_line(one, pairs) for one in decisions_of(link.history))


def line_of_conflict(one: LoggedConflict, connection: Connection) -> HistoryLine:
    """A logged conflict, with the names that its field has on both sides."""
    pairs = _field_pairs(one.kind, (one.hubspot.object, one.salesforce.object), connection)
    return _line(one.decision, pairs)


def conflicts_of(link: Link, connection: Connection) -> tuple[HistoryLine, ...]:
    """The conflicts among them."""
    return tuple(
        one for one in lines_of_link(link, connection) if one.decision == DecisionType.CONFLICT
    )


def lines_of_inbox(entries: Iterable[InboxEntry]) -> Iterator[HistoryLine]:
    """The entries of the error inbox, as of when they were last reported."""
    for one in entries:
        report = one.report
        is_ours = report.ref.side is Side.HUBSPOT
        yield HistoryLine(
            one.last_at,
            PARKED,
            hubspot=report.fieldname if is_ours else "",
            salesforce="" if is_ours else report.fieldname,
            because=next(iter(report.because), ""),
            text=" ".join(filter(None, (f"{report.category}:", report.code, report.text))),
        )


def properties_of(lines: Iterable[HistoryLine]) -> tuple[str, ...]:
    """The HubSpot properties whose value was taken."""
    return tuple(
        dict.fromkeys(one.hubspot for one in lines if one.hubspot and one.winner is Side.HUBSPOT)
    )


def with_authors(
    lines: Iterable[HistoryLine], origins: Mapping[str, Sequence[Origin]]
) -> Iterator[HistoryLine]:
    """The lines with HubSpot's sources of the values that were taken from it. `origins` are how
    each property got its values, newest first.
    """
    for one in lines:
        known = origins.get(one.hubspot, ()) if one.winner is Side.HUBSPOT else ()
        origin = next((each for each in known if each.at < one.at + _SECOND), None)
        yield replace(one, by=origin.by) if origin else one


def with_values(
    lines: Iterable[HistoryLine], link: Link, batches: Iterable[OverwrittenBatch]
) -> Iterator[HistoryLine]:
    """The lines with the values that were kept of them. Values are kept just before they are
    written.
    """
    kept = list(_kept(link, batches))
    for one in lines:
        about = (one.side, one.hubspot if one.side is Side.HUBSPOT else one.salesforce)
        found = [
            (at, each)
            for at, each in kept
            if (each.side, each.name) == about and one.at - LONGEST_WRITE < at < one.at + _SECOND
        ]
        if not found:
            yield one
            continue
        _, last = max(found, key=lambda each: each[0])
        yield replace(one, is_valued=True, old=last.old, new=last.new)


def _kept(link: Link, batches: Iterable[OverwrittenBatch]) -> Iterator[tuple[datetime, Overwrite]]:
    records: set[object] = {link.hubspot, link.salesforce}
    for batch in batches:
        for pair in batch.pairs:
            if {pair.hubspot, pair.salesforce} & records:
                yield from ((batch.at, one) for one in pair.fields)


def _line(one: Decision, pairs: Sequence[tuple[str, str]]) -> HistoryLine:
    place = 1 if one.side is Side.SALESFORCE else 0
    known = next((pair for pair in pairs if pair[place] == one.name), None)
    hubspot, salesforce = known or (("", one.name) if place else (one.name, ""))
    if one.at is None:
        msg = "a decision of a stored link has a time"
        raise ValueError(msg)
    return HistoryLine(
        one.at,
        str(one.type),
        one.side,
        hubspot if one.name else "",
        salesforce if one.name else "",
        str(one.policy or ""),
        one.because,
        one.by,
    )


def _field_pairs(
    kind: Kind, objects: tuple[str, str], connection: Connection
) -> list[tuple[str, str]]:
    """HubSpot's and Salesforce's names of fields that correspond. `objects` are those of the pair,
    HubSpot's first. The names of its own Salesforce object come first: before a conversion it had
    another one. Activities have a map for each object of HubSpot.
    """
    defaults, rows = _maps(kind, connection)
    maps = with_custom_rows(defaults, rows)
    here = objects[0] if kind is Kind.ACTIVITY else objects[1]
    ordered = sorted(maps, key=lambda name: name != here)
    pairs = [(rule.hubspot, rule.salesforce) for name in ordered for rule in maps[name]]
    return [*pairs, *((mine, theirs) for _, mine, theirs in TOPICS)]


def _maps(kind: Kind, connection: Connection) -> tuple[Mapping[str, FieldMap], Sequence[FieldRule]]:
    if kind is Kind.CONTACT:
        return DEFAULT_CONTACT_MAPS, connection.contacts.field
    if kind is Kind.ACCOUNT:
        return DEFAULT_ACCOUNT_MAPS, connection.companies.field
    if kind is Kind.ACTIVITY:
        return {HUBSPOT_OBJECTS[one]: activity_map(connection, one) for one in ActivityKind}, ()
    return DEFAULT_OPPORTUNITY_MAPS, (*connection.deals.field, CURRENCY)

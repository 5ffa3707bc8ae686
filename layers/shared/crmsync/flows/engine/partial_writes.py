"""A write that was refused for some of its fields is tried once more without them: for all records
of a batch together, in one further call.

First the fields are reported, then the link says that they were left out, then the rest is written.
In this order another worker cannot take the value that stays for a person's edit, and a worker that
dies in between leaves nothing unreported. If the second try fails too, the first error counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from crmsync.errors import Refused, SyncError
from crmsync.flows.engine.context import SyncContext
from crmsync.model.effects import CreateRecord, Report, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.links import Link, Place
from crmsync.model.records import Record, Ref, Side
from crmsync.ports.crm import Outcome, Written
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.refused_fields import (
    AnyWrite,
    diverged_link,
    left_out,
    report,
    skips_fields,
    without,
)

MarkLink: TypeAlias = Callable[[Link], Link]
"""Notes in a link that fields were left out."""


@dataclass(slots=True)
class LeftOut:
    """The fields that were left out of the writes of one plan.

    Attributes:
        marks: note them in the plan's link.
        reports: say so in the error inbox.
        of_new: for a new record, its creation and the names of the fields.
        reported: records whose refused fields were reported before the write was tried again.
    """

    marks: list[MarkLink] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    of_new: tuple[CreateRecord, frozenset[str]] | None = None
    reported: set[Ref] = field(default_factory=set)

    def keep(
        self, effect: CreateRecord | UpdateRecord, names: frozenset[str], report: Report
    ) -> None:
        """Note that a write was made without these fields."""
        self.reports.append(report)
        if isinstance(effect, CreateRecord):
            self.of_new = effect, names

    def marked(self, link: Link) -> Link:
        """The link with notes of all fields that were left out."""
        for mark in self.marks:
            link = mark(link)
        return link


@dataclass(slots=True)
class WriteAttempt:
    """The plan that a write belongs to.

    Attributes:
        at: its place in the batch.
        saved: its link as it is stored now.
        left_out: what was left out of its writes so far.
        has_own_fields: whether the write has fields of our own as well; it is then repeated without
            them first.
    """

    at: int
    saved: Link | None
    left_out: LeftOut
    has_own_fields: bool


@dataclass(frozen=True, slots=True)
class FieldRetries:
    """Decides which writes of a batch are tried again. Plans go by their places in `facts`."""

    facts: Sequence[Facts]
    ruleset: Ruleset

    def fields(
        self, one: WriteAttempt, effect: CreateRecord | UpdateRecord, outcome: Outcome
    ) -> frozenset[str]:
        """The fields without which a write is worth a second try; empty if it was not refused for
        some of its fields.
        """
        if not isinstance(outcome, Refused) or effect.best_effort or one.has_own_fields:
            return frozenset()
        if not skips_fields(self.ruleset):
            return frozenset()
        if isinstance(effect, CreateRecord):
            return left_out(effect, outcome, None, self.ruleset)
        pair = self._pair(one)
        return left_out(effect, outcome, pair[1].ref, self.ruleset) if pair else frozenset()

    def mark(
        self, one: WriteAttempt, effect: CreateRecord | UpdateRecord, names: frozenset[str]
    ) -> MarkLink | None:
        """Notes in the pair's link that the fields of an update were left out; None for a new
        record, whose link is not stored yet.
        """
        pair = self._pair(one) if isinstance(effect, UpdateRecord) else None
        if pair is None:
            return None
        shown = pair[0] if effect.side is Side.HUBSPOT else pair[1]
        return lambda link: diverged_link(link, effect, names, shown, pair[1], self.ruleset)

    def report(self, at: int, outcome: Outcome, names: frozenset[str]) -> Report:
        """The report about the fields that were left out."""
        one = self.facts[at]
        error = outcome if isinstance(outcome, Refused) else Refused("")
        return report(one.hubspot.ref if one.hubspot else one.change.ref, error, names)

    def _pair(self, one: WriteAttempt) -> tuple[Record, Record] | None:
        """Both records of a plan's link, as they were read. One that is just being linked may be a
        candidate.
        """
        facts, link = self.facts[one.at], one.saved
        if link is None:
            return None
        read = [facts.hubspot, facts.salesforce, facts.named_counterpart, *facts.candidates]
        by_ref: dict[Ref | None, Record] = {record.ref: record for record in read if record}
        hubspot, salesforce = by_ref.get(_ref(link.hubspot)), by_ref.get(_ref(link.salesforce))
        return (hubspot, salesforce) if hubspot and salesforce else None


def _ref(place: Place) -> Ref | None:
    return place if isinstance(place, Ref) else None


def retry_without_fields(
    effects: Sequence[AnyWrite],
    outcomes: Sequence[Outcome],
    send: Callable[[Sequence[AnyWrite]], Sequence[Outcome]],
    tries: Sequence[WriteAttempt],
    rules: FieldRetries,
    context: SyncContext,
) -> list[Outcome]:
    """Repeat those of the writes that were refused for some of their fields without them; returns
    one outcome per write.

    `outcomes` are what the writes have come to, and `tries` the plans that they belong to, both in
    the same places. Raises `SyncError`.
    """
    outcomes = list(outcomes)
    asked = [rules.fields(*one) for one in zip(tries, effects, outcomes, strict=True)]
    again = {at: names for at, names in enumerate(asked) if names}
    if not again:
        return outcomes
    reports = {at: rules.report(tries[at].at, outcomes[at], names) for at, names in again.items()}
    context.inbox.park(context.connection.name, list(reports.values()))
    for at, one in reports.items():
        tries[at].left_out.reported.add(one.ref)
    marks = {
        at: mark
        for at, names in again.items()
        if (mark := rules.mark(tries[at], effects[at], names))
    }
    for at, failure in _announce(marks, tries, context).items():
        outcomes[at] = failure
        del again[at]
    for at, outcome in _sent_again(effects, send, again, rules.ruleset).items():
        if isinstance(outcome, Written):
            tries[at].left_out.keep(effects[at], again[at], reports[at])
        if not isinstance(outcome, Refused):
            outcomes[at] = outcome
    return outcomes


def _sent_again(
    effects: Sequence[AnyWrite],
    send: Callable[[Sequence[AnyWrite]], Sequence[Outcome]],
    again: Mapping[int, frozenset[str]],
    ruleset: Ruleset,
) -> Mapping[int, Outcome]:
    """Make writes again without these fields; returns the outcomes by place. Raises nothing, as the
    other writes of the batch were made already.

    A creation then carries no revision: from one it would follow that all fields were sent.
    """
    if not again:
        return {}
    try:
        outcomes = send(
            [
                without(effects[at], names | _revision_of_new(effects[at], ruleset))
                for at, names in again.items()
            ]
        )
    except SyncError as error:
        outcomes = [error] * len(again)
    return dict(zip(again, outcomes, strict=True))


def _revision_of_new(effect: AnyWrite, ruleset: Ruleset) -> frozenset[str]:
    is_new = isinstance(effect, CreateRecord)
    return frozenset({ruleset.revision_field(effect.side)}) if is_new else frozenset()


def _announce(
    marks: Mapping[int, MarkLink], tries: Sequence[WriteAttempt], context: SyncContext
) -> dict[int, SyncError]:
    """Note in the links what is about to be left out; returns the errors of those that could not be
    saved, by place. For these nothing more is written.
    """
    known = {at: link for at in marks if (link := tries[at].saved) is not None}
    failed: dict[int, SyncError] = {}
    if not known:
        return failed
    now = context.now()
    saved = context.links.save([marks[at](link).announced_at(now) for at, link in known.items()])
    for at, outcome in zip(known, saved, strict=True):
        if isinstance(outcome, SyncError):
            failed[at] = outcome
        else:
            tries[at].saved = outcome
            tries[at].left_out.marks.append(marks[at])
    return failed

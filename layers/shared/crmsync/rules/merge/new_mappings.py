"""What a mapping that came later carries on a pair that was linked before: edits of its own fields,
never what stood there (MAP-6).

HubSpot tells when a property was set. Salesforce tells it of whole records only, so an edit there
can only be guessed at; a guess fills a blank in HubSpot and overwrites nothing. From the first look
on the base knows both values, and the field is one like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from crmsync.model.fields import FieldRule
from crmsync.model.records import Record
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.policies import FieldState


@dataclass(frozen=True, slots=True)
class Edits:
    """What both sides tell about who edited the two records of a pair, and when.

    ``is_explained`` says that a field which was agreed on before, or the owner, has changed in
    Salesforce: then that was the edit. ``resync`` says that everything shall cross, however old it
    is.
    """

    hubspot: Record
    salesforce: Record
    our_user: str
    our_app: str
    is_explained: bool
    resync: bool

    def were_in_hubspot(self, name: str, since: datetime) -> bool:
        """Whether the property was set after `since`, not by us; its history must have been
        read.
        """
        origin = self.hubspot.origins.get(name)
        return (
            origin is not None
            and origin.at > since
            and not (self.our_app and origin.by == self.our_app)
        )

    def may_be_in_salesforce(self, since: datetime) -> bool:
        """Whether somebody edited the record after `since`, and nothing else is known to have
        changed.

        Salesforce's times are whole seconds. A record that is younger than `since` took over the
        place of one that was linked.
        """
        second = since.replace(microsecond=0)
        record = self.salesforce
        by_a_person = record.modified_by != self.our_user
        return (
            by_a_person
            and not self.is_explained
            and record.created_at < second <= record.modified_at
        )


def as_late(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, edits: Edits
) -> tuple[FieldState, FieldState]:
    """Both states of a row as the merge shall take them, where it came later or a resync carries
    what stayed apart; else as they are.
    """
    if edits.resync:
        hubspot, salesforce = _carried(hubspot, salesforce)
    if rule.since is None or edits.resync:
        return hubspot, salesforce
    if hubspot.is_new_mapping:
        hubspot = replace(hubspot, changed=edits.were_in_hubspot(rule.hubspot, rule.since))
    if salesforce.is_new_mapping:
        fills = not hubspot.changed and is_blank(hubspot.value) and not is_blank(salesforce.value)
        salesforce = replace(salesforce, changed=fills and edits.may_be_in_salesforce(rule.since))
    return hubspot, salesforce


def asks_for_age(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, edits: Edits
) -> bool:
    """Whether it takes the property's history to decide the row: only at the first look, and only
    if the contact was edited since.
    """
    return (
        rule.since is not None
        and hubspot.is_new_mapping
        and not edits.resync
        and not edits.hubspot.origins
        and edits.hubspot.modified_at > rule.since
        and hubspot.canonical != salesforce.canonical
    )


def stays_apart(hubspot: FieldState, salesforce: FieldState) -> bool:
    """Whether the two sides go on with different values: from before the mapping, or as one was
    refused; a resync still carries them.
    """
    is_old = (
        hubspot.is_new_mapping
        or salesforce.is_new_mapping
        or hubspot.diverged
        or salesforce.diverged
    )
    return is_old and hubspot.canonical != salesforce.canonical


def _carried(hubspot: FieldState, salesforce: FieldState) -> tuple[FieldState, FieldState]:
    """Two values that stayed apart, to be carried: as at a first meeting, or, where one side
    refused the other's, that one once more.
    """
    if hubspot.diverged and salesforce.diverged:
        return replace(hubspot, changed=None), replace(salesforce, changed=None)
    if hubspot.diverged and not salesforce.has_news:
        return hubspot, replace(salesforce, changed=True)
    if salesforce.diverged and not hubspot.has_news:
        return replace(hubspot, changed=True), salesforce
    return hubspot, salesforce

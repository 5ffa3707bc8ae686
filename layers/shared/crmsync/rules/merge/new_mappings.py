"""What a mapping that was added later syncs for a pair that was linked before: edits made since,
never older values (MAP-6).

HubSpot records when a property was set. Salesforce records it for whole records only, so an edit
there can only be guessed; a guess fills a blank in HubSpot and overwrites nothing. After the first
sync the base has both values, and the field is treated like any other.
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
    """What is known about who edited the two records of a pair, and when.

    Attributes:
        hubspot: The HubSpot record.
        salesforce: The Salesforce record.
        our_user: The Salesforce id of the integration user.
        our_app: HubSpot's name for crmsync as the source of a value.
        is_explained: Whether a field that was agreed on before, or the owner, has changed in
            Salesforce. Then that was the edit.
        asked_at: When a person asked for all values to cross, however old they are; None where
            nobody has. Mappings that came later are not part of that.
    """

    hubspot: Record
    salesforce: Record
    our_user: str
    our_app: str
    is_explained: bool
    asked_at: datetime | None

    def all_cross(self, rule: FieldRule) -> bool:
        """Whether even the older values of a mapping are to cross."""
        return self.asked_at is not None and (rule.since is None or rule.since <= self.asked_at)

    def were_in_hubspot(self, name: str, since: datetime) -> bool:
        """Whether somebody else set the property after `since`; its history must have been read."""
        origin = self.hubspot.origins.get(name)
        return (
            origin is not None
            and origin.at > since
            and not (self.our_app and origin.by == self.our_app)
        )

    def may_be_in_salesforce(self, since: datetime) -> bool:
        """Whether somebody edited the record after `since`, and nothing else is known to have
        changed.

        Salesforce's times are whole seconds. A record that is younger than `since` has replaced the
        one that was linked, so its age says nothing.
        """
        second = since.replace(microsecond=0)
        record = self.salesforce
        by_a_person = record.modified_by != self.our_user
        return (
            by_a_person
            and not self.is_explained
            and record.created_at < second <= record.modified_at
        )


def adjusted(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, edits: Edits
) -> tuple[FieldState, FieldState]:
    """Both states of a mapping as the merge is to see them: adjusted where the mapping was added
    later, or where a resync is to sync values that diverged.
    """
    all_cross = edits.all_cross(rule)
    if all_cross:
        hubspot, salesforce = _reopened(hubspot, salesforce)
    if rule.since is None or all_cross:
        return hubspot, salesforce
    if hubspot.is_new_mapping:
        hubspot = replace(hubspot, changed=edits.were_in_hubspot(rule.hubspot, rule.since))
    if salesforce.is_new_mapping:
        fills = not hubspot.changed and is_blank(hubspot.value) and not is_blank(salesforce.value)
        salesforce = replace(salesforce, changed=fills and edits.may_be_in_salesforce(rule.since))
    return hubspot, salesforce


def needs_history(
    rule: FieldRule, hubspot: FieldState, salesforce: FieldState, edits: Edits
) -> bool:
    """Whether the property's history is needed to decide a mapping: only in its first sync, and
    only if the HubSpot record was edited since.
    """
    return (
        rule.since is not None
        and hubspot.is_new_mapping
        and not edits.all_cross(rule)
        and not edits.hubspot.origins
        and edits.hubspot.modified_at > rule.since
        and hubspot.canonical != salesforce.canonical
    )


def _reopened(hubspot: FieldState, salesforce: FieldState) -> tuple[FieldState, FieldState]:
    """Both states so that diverged values sync: as if the two never agreed, or, where one side had
    refused the other's value, with that value counted as changed.
    """
    if hubspot.diverged and salesforce.diverged:
        return replace(hubspot, changed=None), replace(salesforce, changed=None)
    if hubspot.diverged and not salesforce.has_news:
        return hubspot, replace(salesforce, changed=True)
    if salesforce.diverged and not hubspot.has_news:
        return replace(hubspot, changed=True), salesforce
    return hubspot, salesforce

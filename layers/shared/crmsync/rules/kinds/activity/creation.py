"""What a new task or event, or a new activity in HubSpot, contains (ACT-2, ACT-4, ACT-6)."""

from __future__ import annotations

from datetime import UTC

from crmsync.model.crm_names import HUBSPOT_OWNER, SALESFORCE_OWNER
from crmsync.model.effects import CreateRecord
from crmsync.model.kinds.activities import ActivityKind, ActivityOwner
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import is_blank
from crmsync.rules.kinds.activity.maps import NEW_IN_HUBSPOT, NEW_IN_SALESFORCE, STATUS
from crmsync.rules.kinds.activity.org_values import new_status
from crmsync.rules.kinds.activity.ruleset import ABOUT, CONTACTS, TIMESTAMP
from crmsync.rules.kinds.activity.subjects import first_line, subject_for
from crmsync.rules.merge.policies import may_pass
from crmsync.rules.merge.ruleset import Ruleset
from crmsync.rules.pair.creation import (
    NEW,
    Creation,
    Shown,
    converted_fields,
    link_of_new_pair,
    owner_in_hubspot,
    owner_in_salesforce,
)

SUBJECT = "Subject"
START, END = "StartDateTime", "EndDateTime"


def task_creation(activity: Record, ruleset: Ruleset, record_owner: str = "") -> Creation:
    """The task or event that a HubSpot activity makes, in the object of its kind.

    It gets the activity's title or the template's text as its subject, and for an event without an
    end its start as the end, as Salesforce requires both. It belongs to the matching active user,
    or to the `record_owner` (the user who owns what it is about, "" for nobody), where the settings
    say so, otherwise to the integration user.
    """
    kind = ruleset.activity.activity
    (salesforce_object,) = ruleset.mappings
    fields, incompatible = converted_fields(activity, salesforce_object, ruleset)
    status = new_status(kind, ruleset.connection.activities.statuses)
    fixed = {**NEW_IN_SALESFORCE[kind], STATUS: status}
    new = {name: value for name, value in fixed.items() if value}
    fields = {**new, **fields, SUBJECT: _subject(activity, fields, ruleset)}
    if kind is ActivityKind.MEETING:
        start = fields.get(START) or activity.fields.get(TIMESTAMP)
        fields |= {START: start, END: fields.get(END) or start}
    hubspot_owner, matched = owner_in_salesforce(activity, ruleset)
    chosen = ruleset.connection.activities.of(kind).owner
    owner = _chosen(chosen, matched or "", record_owner) or None
    if owner:
        fields[SALESFORCE_OWNER] = owner
    create = CreateRecord(
        Side.SALESFORCE,
        salesforce_object,
        ruleset.key_of(activity.ref.id),
        fields,
        NEW,
        ("ACT-2", "ACT-6"),
    )
    both = Shown(activity.ref, activity.fields, hubspot_owner), Shown(NEW, fields, owner)
    mapping = ruleset.mappings[salesforce_object]
    return Creation(create, link_of_new_pair(*both, mapping, incompatible, ruleset), incompatible)


def activity_creation(task: Record, ruleset: Ruleset, record_owner: str = "") -> Creation:
    """The HubSpot activity that a task or event makes. Its owner is chosen as for `task_creation`.

    HubSpot requires a moment: of a task without a due date that is when it was made.
    """
    fields, incompatible = converted_fields(task, task.ref.object, ruleset)
    for name in (*ABOUT, CONTACTS):
        fields.pop(name, None)
    fields = {**NEW_IN_HUBSPOT.get(ruleset.activity.activity, {}), **fields}
    if is_blank(fields.get(TIMESTAMP)):
        made = task.created_at.astimezone(UTC)
        fields[TIMESTAMP] = f"{made:%Y-%m-%dT%H:%M:%S}.000Z"
    _, matched, owner = owner_in_hubspot(task, ruleset)
    chosen = ruleset.connection.activities.of(ruleset.activity.activity).owner
    hubspot_owner = _chosen(chosen, matched, record_owner)
    if hubspot_owner:
        fields[HUBSPOT_OWNER] = hubspot_owner
    create = CreateRecord(
        Side.HUBSPOT,
        ruleset.hubspot_object,
        task.ref.id,
        fields,
        NEW,
        ("ACT-2", "ACT-6"),
    )
    both = Shown(NEW, fields, hubspot_owner), Shown(task.ref, task.fields, owner)
    mapping = ruleset.mapping_of(task)
    return Creation(create, link_of_new_pair(*both, mapping, incompatible, ruleset), incompatible)


def _chosen(setting: ActivityOwner, matched: str, record_owner: str) -> str:
    """The owner of a new record by the setting, "" for nobody but the integration user."""
    return {ActivityOwner.MATCHED: matched, ActivityOwner.RECORD_OWNER: record_owner}.get(
        setting, ""
    )


def _subject(activity: Record, fields: dict[str, Value], ruleset: Ruleset) -> str:
    kind = ruleset.activity.activity
    (mapping,) = ruleset.mappings.values()
    titled = next(
        (
            one.hubspot
            for one in (mapping.whole or mapping).field_map
            if one.salesforce == SUBJECT and may_pass(one, Side.HUBSPOT)
        ),
        "",
    )
    body = str(fields.get("Description") or "")
    words = {
        "direction": str(fields.get("CallType") or ""),
        "outcome": str(fields.get("CallDisposition") or ""),
        "first_line": first_line(body),
    }
    return subject_for(
        kind,
        title=str(activity.fields.get(titled) or ""),
        words=words,
        template=ruleset.connection.activities.of(kind).subject,
    )

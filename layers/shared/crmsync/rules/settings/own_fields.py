"""The properties and fields of our own that set-up makes in both CRMs, as data, in the order in
which they can be made.

Parts only; looking which stand and making the others is `crmsync.flows.operator.operator`'s and the
gateways'. Names that other code speaks of come from `crmsync.model.names`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crmsync.model.names import (
    HUBSPOT_GROUP,
    HUBSPOT_KEY,
    HUBSPOT_REVISION,
    PERMISSION_SET,
    SALESFORCE_KEY,
    TASK_COUNT,
    TASK_KEY,
    salesforce_revision,
)
from crmsync.rules.settings.relay_parts import RelayPart
from crmsync.rules.settings.set_up_parts import (
    Assignment,
    CountField,
    FieldAccess,
    KeyField,
    ObjectAccess,
    ObjectReading,
    OwnProperty,
    Part,
    PermissionSet,
    PropertyGroup,
    TextField,
)

_CONTACT = "contact"
_COMPANY = "company"
_DEAL = "deal"

ERROR = "crmsync_error"
"""HubSpot property that tells HubSpot's users why a record does not sync (ERR-8)."""

_REVISION_LABEL = "Sync revision (crmsync)"
_REVISION_TEXT = "Which write of crmsync reached the record last. Written by crmsync, which tells its own writes from people's by it."


HUBSPOT_PARTS: tuple[Part, ...] = (
    PropertyGroup(_CONTACT, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        _CONTACT,
        HUBSPOT_KEY,
        "Salesforce record ID",
        "The linked lead or contact in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_owner_id",
        "Salesforce owner ID",
        "Who owns the record in Salesforce, a queue too.",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the record's owner in Salesforce.",
    ),
    OwnProperty(
        _CONTACT,
        ERROR,
        "Salesforce sync error",
        "Why this contact does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_opportunity_stage",
        "Salesforce opportunity stage",
        "Stage of the contact's newest opportunity in Salesforce.",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_num_associated_deals",
        "Salesforce opportunities",
        "How many opportunities in Salesforce the contact has a role in.",
        "number",
        "number",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_first_deal_created_date",
        "First Salesforce opportunity created",
        "When the first of these opportunities was created.",
        "date",
        "date",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_recent_deal_close_date",
        "Last Salesforce opportunity won",
        "Close date of the last one won.",
        "date",
        "date",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_recent_deal_amount",
        "Amount of the newest Salesforce opportunity won",
        "Amount of the won opportunity that was created last.",
        "number",
        "number",
    ),
    OwnProperty(
        _CONTACT,
        "crmsync_total_revenue",
        "Salesforce revenue",
        "Total of the amounts of the contact's opportunities, all or won ones as the settings say.",
        "number",
        "number",
    ),
    PropertyGroup(_COMPANY, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        _COMPANY,
        HUBSPOT_KEY,
        "Salesforce account ID",
        "The linked account in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        _COMPANY, "crmsync_owner_id", "Salesforce owner ID", "Who owns the account in Salesforce."
    ),
    OwnProperty(
        _COMPANY,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the account's owner in Salesforce.",
    ),
    OwnProperty(
        _COMPANY,
        ERROR,
        "Salesforce sync error",
        "Why this company does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    PropertyGroup(_DEAL, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        _DEAL,
        HUBSPOT_KEY,
        "Salesforce opportunity ID",
        "The linked opportunity in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        _DEAL, "crmsync_owner_id", "Salesforce owner ID", "Who owns the opportunity in Salesforce."
    ),
    OwnProperty(
        _DEAL,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the opportunity's owner in Salesforce.",
    ),
    OwnProperty(
        _DEAL,
        ERROR,
        "Salesforce sync error",
        "Why this deal does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    *(
        OwnProperty(name, HUBSPOT_REVISION, _REVISION_LABEL, _REVISION_TEXT)
        for name in (_CONTACT, _COMPANY, _DEAL)
    ),
)
"""Properties: the link, the owner where HubSpot knows none (Q-18), the error; for contacts the
roll-ups (ROLL-2 to ROLL-6, LIFE-8).
"""

_KEY_LABEL = "HubSpot ID (crmsync)"
_KEY_TEXT = (
    "Portal and id of the linked HubSpot record. Written by crmsync, which finds its records by it."
)

_REVISED = ("Lead", "Contact", "Account", "Opportunity")

_COMMON_PARTS: tuple[Part, ...] = (
    KeyField("Lead", SALESFORCE_KEY, _KEY_LABEL, _KEY_TEXT),
    KeyField("Contact", SALESFORCE_KEY, _KEY_LABEL, _KEY_TEXT),
    KeyField("Account", SALESFORCE_KEY, _KEY_LABEL, _KEY_TEXT),
    PermissionSet(
        PERMISSION_SET,
        "crmsync",
        "Access to the objects that crmsync keeps in step and to the fields that it made for itself, and to nothing else.",
    ),
    ObjectAccess(PERMISSION_SET, "Account"),
    ObjectReading(PERMISSION_SET, "Account", for_the_sake_of=("Contact", "Opportunity")),
    ObjectAccess(PERMISSION_SET, "Contact"),
    ObjectAccess(PERMISSION_SET, "Lead"),
    FieldAccess(PERMISSION_SET, "Lead", SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, "Contact", SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, "Account", SALESFORCE_KEY),
    KeyField("Opportunity", SALESFORCE_KEY, _KEY_LABEL, _KEY_TEXT),
    KeyField(
        "OpportunityContactRole",
        SALESFORCE_KEY,
        _KEY_LABEL,
        "Portal and ids of the deal and the contact in HubSpot. Written by crmsync, which finds its contact roles by it.",
        length=80,
    ),
    ObjectAccess(PERMISSION_SET, "Opportunity"),
    FieldAccess(PERMISSION_SET, "Opportunity", SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, "OpportunityContactRole", SALESFORCE_KEY),
    KeyField(
        "Activity",
        TASK_KEY,
        "HubSpot e-mail event (crmsync)",
        "Which e-mail events the task stands for. Written by crmsync, which finds its tasks by it.",
        length=255,
        unique=False,
        can_be_plain=True,
    ),
    CountField(
        "Activity",
        TASK_COUNT,
        "HubSpot e-mail events (crmsync)",
        "How many e-mail events the task stands for.",
    ),
    FieldAccess(PERMISSION_SET, "Task", TASK_KEY),
    FieldAccess(PERMISSION_SET, "Task", TASK_COUNT),
)
"""The keys that make creating a record repeatable (TEN-1: they name the portal), the count of a
task's events (CH-2), access to them and to the objects that sync (PERM-1), nothing more (CH-18). A
task's fields are Activity's; no org is relied on to keep one unique there or to let one be an
external id (Q-19). Who may work on opportunities may work on their contact roles; these have no
permission of their own [M].
"""


def salesforce_parts(portal_id: int) -> tuple[Part, ...]:
    """What a portal needs in its org: what all portals of the org have in common, and a field of
    its own for its revisions (TEN-1).
    """
    field = salesforce_revision(portal_id)
    label = f"Sync revision {portal_id} (crmsync)"
    text = f"{_REVISION_TEXT} This is the field of HubSpot account {portal_id}."
    return (
        *_COMMON_PARTS,
        *(TextField(name, field, label, text) for name in _REVISED),
        *(FieldAccess(PERMISSION_SET, name, field) for name in _REVISED),
        Assignment(PERMISSION_SET),
    )


def needed(parts: Iterable[Part], objects: Collection[str]) -> tuple[Part, ...]:
    """Those of the parts that a connection needs which keeps `objects` in step; what belongs to no
    object is needed always.

    Whoever may not read accounts cannot be given contacts: Salesforce's forms add that right by
    themselves, its API refuses. So accounts are readable where they do not sync, and no more than
    that.
    """
    return tuple(part for part in parts if _is_needed(part, objects))


def _is_needed(part: Part, objects: Collection[str]) -> bool:
    if isinstance(part, ObjectReading):
        return part.object not in objects and any(name in objects for name in part.for_the_sake_of)
    return isinstance(part, PermissionSet | Assignment | RelayPart) or part.object in objects

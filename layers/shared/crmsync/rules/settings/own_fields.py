"""The properties and fields that set-up adds to both CRMs, as data, in the order in which they can
be made.

`crmsync.flows.operator.operator` and the gateways find out which exist and make the others. Names
that other code uses are in `crmsync.model.names`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from crmsync.model.crm_names import (
    ACCOUNT,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    COMPANY,
    CONTACT_ROLE,
    DEAL,
    HUBSPOT_CONTACT,
    LEAD,
    OPPORTUNITY,
    SALESFORCE_CONTACT,
    TASK,
)
from crmsync.model.names import (
    HUBSPOT_CAMPAIGNS,
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

ERROR = "crmsync_error"
"""HubSpot property that shows HubSpot's users why a record does not sync (ERR-8)."""

REVISION_LABEL = "Sync revision (crmsync)"
REVISION_TEXT = (
    "Which write of crmsync reached the record last. Written by crmsync, which tells its own "
    "writes from people's by it."
)


HUBSPOT_PARTS: tuple[Part, ...] = (
    PropertyGroup(HUBSPOT_CONTACT, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        HUBSPOT_CONTACT,
        HUBSPOT_KEY,
        "Salesforce record ID",
        "The linked lead or contact in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_owner_id",
        "Salesforce owner ID",
        "Who owns the record in Salesforce, a queue too.",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the record's owner in Salesforce.",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        ERROR,
        "Salesforce sync error",
        "Why this contact does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_opportunity_stage",
        "Salesforce opportunity stage",
        "Stage of the contact's newest opportunity in Salesforce.",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_num_associated_deals",
        "Salesforce opportunities",
        "How many opportunities in Salesforce the contact has a role in.",
        "number",
        "number",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_first_deal_created_date",
        "First Salesforce opportunity created",
        "When the first of these opportunities was created.",
        "date",
        "date",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_recent_deal_close_date",
        "Last Salesforce opportunity won",
        "Close date of the last one won.",
        "date",
        "date",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_recent_deal_amount",
        "Amount of the newest Salesforce opportunity won",
        "Amount of the won opportunity that was created last.",
        "number",
        "number",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        "crmsync_total_revenue",
        "Salesforce revenue",
        "Total of the amounts of the contact's opportunities, all or won ones as the settings say.",
        "number",
        "number",
    ),
    OwnProperty(
        HUBSPOT_CONTACT,
        HUBSPOT_CAMPAIGNS,
        "Salesforce campaign IDs",
        "The campaigns that the linked lead or contact is a member of, with semicolons between.",
        field_type="textarea",
    ),
    PropertyGroup(COMPANY, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        COMPANY,
        HUBSPOT_KEY,
        "Salesforce account ID",
        "The linked account in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        COMPANY, "crmsync_owner_id", "Salesforce owner ID", "Who owns the account in Salesforce."
    ),
    OwnProperty(
        COMPANY,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the account's owner in Salesforce.",
    ),
    OwnProperty(
        COMPANY,
        ERROR,
        "Salesforce sync error",
        "Why this company does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    PropertyGroup(DEAL, HUBSPOT_GROUP, "Salesforce sync"),
    OwnProperty(
        DEAL,
        HUBSPOT_KEY,
        "Salesforce opportunity ID",
        "The linked opportunity in Salesforce.",
        unique=True,
    ),
    OwnProperty(
        DEAL, "crmsync_owner_id", "Salesforce owner ID", "Who owns the opportunity in Salesforce."
    ),
    OwnProperty(
        DEAL,
        "crmsync_owner_name",
        "Salesforce owner",
        "Name of the opportunity's owner in Salesforce.",
    ),
    OwnProperty(
        DEAL,
        ERROR,
        "Salesforce sync error",
        "Why this deal does not sync at present; empty when it does.",
        field_type="textarea",
    ),
    *(
        OwnProperty(name, HUBSPOT_REVISION, REVISION_LABEL, REVISION_TEXT)
        for name in (HUBSPOT_CONTACT, COMPANY, DEAL)
    ),
)
"""Properties for the link, the owner where HubSpot knows none (Q-18), and the error; on contacts
also the roll-ups (ROLL-2 to ROLL-6, LIFE-8) and the campaigns (CMP-1).
"""

KEY_LABEL = "HubSpot ID (crmsync)"
KEY_TEXT = (
    "Portal and id of the linked HubSpot record. Written by crmsync, which finds its records by it."
)

_REVISED = (LEAD, SALESFORCE_CONTACT, ACCOUNT, OPPORTUNITY)

_COMMON_PARTS: tuple[Part, ...] = (
    KeyField(LEAD, SALESFORCE_KEY, KEY_LABEL, KEY_TEXT),
    KeyField(SALESFORCE_CONTACT, SALESFORCE_KEY, KEY_LABEL, KEY_TEXT),
    KeyField(ACCOUNT, SALESFORCE_KEY, KEY_LABEL, KEY_TEXT),
    PermissionSet(
        PERMISSION_SET,
        "crmsync",
        "Access to the objects that crmsync keeps in step and to the fields that it made for "
        "itself, and to nothing else.",
    ),
    ObjectAccess(PERMISSION_SET, ACCOUNT),
    ObjectReading(PERMISSION_SET, ACCOUNT, for_the_sake_of=(SALESFORCE_CONTACT, OPPORTUNITY)),
    ObjectReading(PERMISSION_SET, CAMPAIGN, for_the_sake_of=(CAMPAIGN_MEMBER,)),
    ObjectAccess(PERMISSION_SET, SALESFORCE_CONTACT),
    ObjectAccess(PERMISSION_SET, LEAD),
    FieldAccess(PERMISSION_SET, LEAD, SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, SALESFORCE_CONTACT, SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, ACCOUNT, SALESFORCE_KEY),
    KeyField(OPPORTUNITY, SALESFORCE_KEY, KEY_LABEL, KEY_TEXT),
    KeyField(
        CONTACT_ROLE,
        SALESFORCE_KEY,
        KEY_LABEL,
        "Portal, ids of the deal and the contact in HubSpot, and id of the contact in Salesforce. "
        "Written by crmsync, which finds its contact roles by it.",
        length=80,
    ),
    ObjectAccess(PERMISSION_SET, OPPORTUNITY),
    FieldAccess(PERMISSION_SET, OPPORTUNITY, SALESFORCE_KEY),
    FieldAccess(PERMISSION_SET, CONTACT_ROLE, SALESFORCE_KEY),
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
    FieldAccess(PERMISSION_SET, TASK, TASK_KEY),
    FieldAccess(PERMISSION_SET, TASK, TASK_COUNT),
)
"""The keys by which records are created once (TEN-1: they name the portal), the count of a task's
events (CH-2), access to them and to the objects that sync (PERM-1), nothing more (CH-18).

A task's fields belong to Activity; an org need not keep one unique there, or allow one as an
external id (Q-19). A user who may edit opportunities may edit their contact roles, which have no
permission of their own [M].
"""


def salesforce_parts(portal_id: int) -> tuple[Part, ...]:
    """What a portal needs in its org: what all portals of the org share, and its own revision field
    (TEN-1).
    """
    fields = [revision_field(name, portal_id) for name in _REVISED]
    return (
        *_COMMON_PARTS,
        *fields,
        *(FieldAccess(PERMISSION_SET, field.object, field.name) for field in fields),
        Assignment(PERMISSION_SET),
    )


def revision_field(name: str, portal_id: int) -> TextField:
    """The field of an object that shows which of our writes for the portal reached it last."""
    return TextField(
        name,
        salesforce_revision(portal_id),
        f"Sync revision {portal_id} (crmsync)",
        f"{REVISION_TEXT} This is the field of HubSpot account {portal_id}.",
    )


def needed(parts: Iterable[Part], objects: Collection[str]) -> tuple[Part, ...]:
    """The parts that a connection needs which syncs `objects`; parts of no object are always
    needed.

    A user who may not read accounts cannot be given contacts: Salesforce's set-up pages add that
    right by themselves, its API refuses. So accounts are readable where they do not sync, and no
    more than that.
    """
    return tuple(part for part in parts if _is_needed(part, objects))


def _is_needed(part: Part, objects: Collection[str]) -> bool:
    if isinstance(part, ObjectReading):
        return part.object not in objects and any(name in objects for name in part.for_the_sake_of)
    return isinstance(part, PermissionSet | Assignment | RelayPart) or part.object in objects

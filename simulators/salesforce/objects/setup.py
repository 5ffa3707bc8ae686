"""The sObjects with which an administrator works, as data: users, queues, record types, stages,
permissions, the organization, custom fields.

Only what a client of the REST and Tooling APIs reads or writes during set-up; key prefixes that no
document confirms are tagged.
"""

from __future__ import annotations

from typing import Final

from simulators.salesforce.objects.fields import (
    Field,
    area,
    email,
    flag,
    instant,
    lookup,
    number,
    person_name,
    phone,
    picklist,
    read_only,
    required,
    system_fields,
    text,
)
from simulators.salesforce.objects.sobject import SObject

_USER_TYPES: Final = (
    "Standard",
    "PowerPartner",
    "PowerCustomerSuccess",
    "CustomerSuccess",
    "Guest",
    "CspLitePortal",
    "CSNOnly",
    "SelfService",
    "AutomatedProcess",
    "CloudIntegrationUser",
)

USER: Final = SObject(
    "User",
    "User",
    "Users",
    "005",
    (
        *system_fields(deletable=False),
        required(text("Username", "Username", 80, id_lookup=True)),
        *person_name(),
        required(email("Email", "Email")),
        text("Alias", "Alias", 8),
        text("Title", "Title", 80),
        text("Department", "Department", 80),
        phone("Phone", "Phone"),
        flag("IsActive", "Active", default=True),
        read_only(picklist("UserType", "User Type", *_USER_TYPES, default="Standard")),
        lookup("ProfileId", "Profile ID", "Profile"),
        text("FederationIdentifier", "SAML Federation ID", 512, id_lookup=True),
        text("TimeZoneSidKey", "Time Zone", 40),
    ),
    deletable=False,
)

GROUP: Final = SObject(
    "Group",
    "Group",
    "Group",
    "00G",
    (
        *system_fields(deletable=False),
        required(text("Name", "Name", 40, name_field=True)),
        text("DeveloperName", "Developer Name", 80),
        picklist("Type", "Type", "Regular", "Queue", "Role", "Organization", default="Regular"),
        read_only(lookup("RelatedId", "Related ID", "User")),
        email("Email", "Email"),
    ),
)

QUEUE_SOBJECT: Final = SObject(
    "QueueSobject",
    "Queue Sobject",
    "Queue Sobject",
    "03g",
    (
        read_only(
            Field("Id", "id", "Record ID", 18, nillable=False, defaulted=True, id_lookup=True)
        ),
        lookup("QueueId", "Group ID", "Group", nillable=False),
        text("SobjectType", "sObject Type", 40, nillable=False),
        lookup("CreatedById", "Created By ID", "User", nillable=False, defaulted=True),
        read_only(instant("SystemModstamp", "System Modstamp", nillable=False, defaulted=True)),
    ),
    updateable=False,
)

RECORD_TYPE: Final = SObject(
    "RecordType",
    "Record Type",
    "Record Types",
    "012",
    (
        *system_fields(deletable=False),
        required(text("Name", "Name", 80, name_field=True)),
        required(text("DeveloperName", "Record Type Name", 80)),
        area("Description", "Description", 255),
        text("SobjectType", "SObject Type", 40),
        flag("IsActive", "Active", default=True),
        read_only(flag("IsPersonType", "Is Person Type")),
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

OPPORTUNITY_STAGE: Final = SObject(
    "OpportunityStage",
    "Opportunity Stage",
    "Opportunity Stage",
    "01J",
    tuple(
        read_only(field)
        for field in (
            *system_fields(deletable=False),
            text("MasterLabel", "Master Label", nillable=False),
            text("ApiName", "API Name", nillable=False),
            flag("IsActive", "Is Active", default=True),
            number("SortOrder", "Sort Order", "int", 9, 0),
            flag("IsClosed", "Closed"),
            flag("IsWon", "Won"),
            picklist("ForecastCategory", "Forecast Category"),
            picklist("ForecastCategoryName", "Forecast Category Name"),
            number("DefaultProbability", "Probability (%)", "percent", 3, 0),
            text("Description", "Description"),
        )
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

ORGANIZATION: Final = SObject(
    "Organization",
    "Organization",
    "Organizations",
    "00D",
    tuple(
        read_only(field)
        for field in (
            *system_fields(deletable=False),
            text("Name", "Name", 80, name_field=True),
            picklist("OrganizationType", "Edition"),
            flag("IsSandbox", "Is Sandbox"),
            text("InstanceName", "Instance Name", 5),
            instant("TrialExpirationDate", "Trial Expiration Date"),
            text("NamespacePrefix", "Namespace Prefix", 15),
            text("LanguageLocaleKey", "Language", 40),
            text("TimeZoneSidKey", "Time Zone", 40),
            text("DefaultLocaleSidKey", "Locale", 40),
            text("Country", "Country", 80),
        )
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

PROFILE: Final = SObject(
    "Profile",
    "Profile",
    "Profile",
    "00e",
    (
        *system_fields(deletable=False),
        text("Name", "Name", 255, name_field=True),
        picklist("UserType", "User Type", *_USER_TYPES),
        lookup("UserLicenseId", "User License ID", "UserLicense"),
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

USER_LICENSE: Final = SObject(
    "UserLicense",
    "User License",
    "User Licenses",
    "100",
    (
        *system_fields(deletable=False),
        text("Name", "Name", 40, name_field=True),
        text("MasterLabel", "Master Label", 40),
        text("LicenseDefinitionKey", "License Def. ID", 40),
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

PERMISSION_SET_LICENSE: Final = SObject(
    "PermissionSetLicense",
    "Permission Set License",
    "Permission Set Licenses",
    "0PL",
    (
        *system_fields(deletable=False),
        text("DeveloperName", "Developer Name", 80),
        text("MasterLabel", "Permission Set License Label", 80),
        number("TotalLicenses", "Total Licenses", "int", 9, 0),
        number("UsedLicenses", "Used Licenses", "int", 9, 0),
    ),
    createable=False,
    updateable=False,
    deletable=False,
)

PERMISSION_SET_LICENSE_ASSIGN: Final = SObject(
    "PermissionSetLicenseAssign",
    "Permission Set License Assignment",
    "Permission Set License Assignments",
    "2LA",
    (
        *system_fields(deletable=False),
        required(
            lookup("PermissionSetLicenseId", "Permission Set License ID", "PermissionSetLicense")
        ),
        required(lookup("AssigneeId", "User ID", "User")),
    ),
    updateable=False,
)

PERMISSION_SET: Final = SObject(
    "PermissionSet",
    "Permission Set",
    "Permission Set",
    "0PS",
    (
        *system_fields(deletable=False),
        required(text("Name", "Permission Set Name", 80, unique=True, name_field=True)),
        required(text("Label", "Permission Set Label", 80)),
        text("Description", "Description"),
        read_only(lookup("ProfileId", "Profile ID", "Profile")),
        read_only(flag("IsOwnedByProfile", "Is Owned By Profile")),
        flag("PermissionsApiEnabled", "API Enabled"),
        flag("PermissionsModifyAllData", "Modify All Data"),
    ),
)

OBJECT_PERMISSIONS: Final = SObject(
    "ObjectPermissions",
    "Object Permissions",
    "Object Permissions",
    "110",  # [M]
    (
        read_only(
            Field(
                "Id",
                "id",
                "Object Permissions ID",
                18,
                nillable=False,
                defaulted=True,
                id_lookup=True,
            )
        ),
        required(
            lookup(
                "ParentId", "Parent ID", "PermissionSet", updateable=False, children="ObjectPerms"
            )
        ),
        required(text("SobjectType", "Sobject Type", 40, updateable=False)),
        flag("PermissionsRead", "Read Records"),
        flag("PermissionsCreate", "Create Records"),
        flag("PermissionsEdit", "Edit Records"),
        flag("PermissionsDelete", "Delete Records"),
        flag("PermissionsViewAllRecords", "Read All Records"),
        flag("PermissionsModifyAllRecords", "Edit All Records"),
        read_only(instant("SystemModstamp", "System Modstamp", nillable=False, defaulted=True)),
    ),
)

FIELD_PERMISSIONS: Final = SObject(
    "FieldPermissions",
    "Field Permissions",
    "Field Permissions",
    "01k",  # [M]
    (
        read_only(
            Field(
                "Id",
                "id",
                "Field Permissions ID",
                18,
                nillable=False,
                defaulted=True,
                id_lookup=True,
            )
        ),
        required(
            lookup(
                "ParentId", "Parent ID", "PermissionSet", updateable=False, children="FieldPerms"
            )
        ),
        required(text("SobjectType", "Sobject Type", 40, updateable=False)),
        required(text("Field", "Field Name", 255, updateable=False)),
        flag("PermissionsRead", "Read Access"),
        flag("PermissionsEdit", "Edit Access"),
        read_only(instant("SystemModstamp", "System Modstamp", nillable=False, defaulted=True)),
    ),
)

PERMISSION_SET_ASSIGNMENT: Final = SObject(
    "PermissionSetAssignment",
    "Permission Set Assignment",
    "Permission Set Assignments",
    "0Pa",
    (
        read_only(
            Field(
                "Id",
                "id",
                "PermissionSetAssignment ID",
                18,
                nillable=False,
                defaulted=True,
                id_lookup=True,
            )
        ),
        required(
            lookup("PermissionSetId", "PermissionSet ID", "PermissionSet", children="Assignments")
        ),
        required(lookup("AssigneeId", "Assignee ID", "User", children="PermissionSetAssignments")),
        read_only(instant("SystemModstamp", "System Modstamp", nillable=False, defaulted=True)),
    ),
    updateable=False,
)

CUSTOM_FIELD: Final = SObject(
    "CustomField",
    "Custom Field",
    "Custom Fields",
    "00N",
    (
        *system_fields(deletable=False),
        text("TableEnumOrId", "Entity Enum Or ID"),
        text("DeveloperName", "Developer Name", 80),
        text("FullName", "Full Name"),
        text("NamespacePrefix", "Namespace Prefix", 15),
        Field("Metadata", "complexvalue", "Metadata"),
    ),
    tooling=True,
)

VALIDATION_RULE: Final = SObject(
    "ValidationRule",
    "Validation Rule",
    "Validation Rules",
    "03d",
    (
        *system_fields(deletable=False),
        Field("Active", "boolean", "Active", default=True, nillable=False),
        text("EntityDefinitionId", "Entity Definition ID"),
        text("ErrorMessage", "Error Message"),
        text("ValidationName", "Validation Name", 80),
    ),
    tooling=True,
)

_RELAY_TEXTS: Final = {
    "NamedCredential": ("0XA", ("DeveloperName", "MasterLabel", "Endpoint")),
    "PlatformEventChannel": ("0YL", ("DeveloperName", "MasterLabel", "ChannelType")),
    "PlatformEventChannelMember": ("0v8", ("DeveloperName", "EventChannel", "SelectedEntity")),
    "EventRelayConfig": (
        "7k2",
        (
            "DeveloperName",
            "MasterLabel",
            "EventChannel",
            "DestinationResourceName",
            "RelayOption",
            "State",
        ),
    ),
}
"""What defines an Event Relay: key prefix [D: 0YL, 7k2; M: the others] and columns."""

RELAY_OBJECTS: Final = tuple(
    SObject(
        name,
        name,
        name,
        prefix,
        (*system_fields(deletable=False), *(text(column, column, 255) for column in columns)),
        tooling=True,
    )
    for name, (prefix, columns) in _RELAY_TEXTS.items()
)

SETUP_OBJECTS: Final = (
    *RELAY_OBJECTS,
    USER,
    GROUP,
    QUEUE_SOBJECT,
    RECORD_TYPE,
    OPPORTUNITY_STAGE,
    ORGANIZATION,
    PROFILE,
    USER_LICENSE,
    PERMISSION_SET_LICENSE,
    PERMISSION_SET_LICENSE_ASSIGN,
    PERMISSION_SET,
    OBJECT_PERMISSIONS,
    FIELD_PERMISSIONS,
    PERMISSION_SET_ASSIGNMENT,
    CUSTOM_FIELD,
    VALIDATION_RULE,
)

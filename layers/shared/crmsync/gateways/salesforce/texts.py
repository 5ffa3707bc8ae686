"""The sentences of Salesforce that we keep, by its code, with the slots of `vendor_texts`. Data
only.

They are the sentences for an integration user whose language is English; texts in other languages
are not kept. They are taken from other integrations' logs ([S]) or follow the StatusCode list of
the API's documents ([D]). A sentence that Salesforce words differently is not kept; code, field and
hint still say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_COLUMN = (
    "No such column '{name}' on entity '{name}'. …",
    "No such column '{name}' on entity '{name}'.",
    "No such column '{name}' on sobject of type {name}",
    "… ERROR at Row:{number}:Column:{number} No such column '{name}' on entity '{name}'. …",
    (
        "… ERROR at Row:{number}:Column:{number} "
        "Didn't understand relationship '{name}' in field path. …"
    ),
)
_PICKLIST = (
    "…: bad value for restricted picklist field: …",
    "bad value for restricted picklist field: …",
)
_WRONG_ID = ("…: id value of incorrect type: …", "id value of incorrect type: …", "malformed id …")
_RIGHTS = (
    "insufficient access rights on object id",
    "insufficient access rights on cross-reference id",
    "insufficient access rights on cross-reference id: {id}",
    "insufficient access rights on cross-reference id: {name}",
)
_STATE = (
    (
        "There's a problem with this state, even though it may appear correct. "
        "Please select a state from the list of valid states.: …"
    ),
    (
        "There's a problem with this country, even though it may appear correct. "
        "Please select a country/territory …"
    ),
    "The existing country/territory doesn't recognize the state value for field: …",
    "A country/territory must be specified before specifying a state value for field: …",
    "Account ID: a person account cannot have contacts",
    *_WRONG_ID,
)

SENTENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # about the record's own values
        "REQUIRED_FIELD_MISSING": ("Required fields are missing: [{names}]",),
        "STRING_TOO_LONG": (
            "…: data value too large: … (max length={number})",
            "…: data value too large: …",
        ),
        "INVALID_EMAIL_ADDRESS": ("…: invalid email address: …",),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _PICKLIST,
        "BAD_VALUE_FOR_RESTRICTED_PICKLIST": _PICKLIST,
        "NUMBER_OUTSIDE_VALID_RANGE": ("…: value outside of valid range on numeric field: …",),
        "FIELD_INTEGRITY_EXCEPTION": _STATE,
        "MALFORMED_ID": _WRONG_ID,
        "INVALID_CROSS_REFERENCE_KEY": (
            "invalid cross reference id",
            "Record Type ID: this ID value isn't valid for the user: {id}",
        ),
        "JSON_PARSER_ERROR": (
            (
                "Cannot deserialize instance of {name} from {name} value … "
                "at [line:{number}, column:{number}]"
            ),
        ),
        "CANNOT_UPDATE_CONVERTED_LEAD": ("cannot reference converted lead",),
        "ENTITY_IS_DELETED": ("entity is deleted",),
        "NOT_FOUND": (
            "The requested resource does not exist",
            "Provided external ID field does not exist or is not accessible: {name}",
        ),
        "INACTIVE_OWNER_OR_USER": ("owner or user is inactive.",),
        "OPERATION_WITH_INACTIVE_USER_EXCEPTION": (
            "operation performed with inactive user [{id}] as owner of {name}",
        ),
        # about other records
        "DUPLICATE_VALUE": (
            "duplicate value found: {name} duplicates value on record with id: {id}",
            "duplicate value found: <unknown> duplicates value on record with id: <unknown>",
        ),
        "DUPLICATES_DETECTED": (
            "Use one of these records?",
            "You're creating a duplicate record. We recommend you use an existing record instead.",
        ),
        # about triggers and flows
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
            "{name}: execution of {name} caused by: {name}: …",
            "{name}: System.LimitException: Apex CPU time limit exceeded",
        ),
        "CANNOT_EXECUTE_FLOW_TRIGGER": (
            "We can't save this record because the … process failed. …",
            "The record couldn't be saved because it failed to trigger a flow. …",
        ),
        # fields, objects and rights
        "INVALID_FIELD": _NO_COLUMN,
        "INVALID_FIELD_FOR_INSERT_UPDATE": (
            (
                "Unable to create/update fields: {names}. "
                "Please check the security settings of this field …"
            ),
            "{name}: bad field names on insert/update call: {names}",
        ),
        "INVALID_TYPE": (
            "… sObject type '{name}' is not supported. …",
            "sObject type '{name}' is not supported. …",
        ),
        "INSUFFICIENT_ACCESS": _RIGHTS,
        "INSUFFICIENT_ACCESS_OR_READONLY": _RIGHTS,
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _RIGHTS,
        "DUPLICATE_DEVELOPER_NAME": ("There is already a field named {name} on {name}.",),
        # the login
        "INVALID_SESSION_ID": ("Session expired or invalid",),
        "API_DISABLED_FOR_ORG": ("The REST API is not enabled for this Organization.",),
        "API_CURRENTLY_DISABLED": ("API is currently disabled",),
        "invalid_grant": (
            "authentication failure",
            "user hasn't approved this consumer",
            "user is not admin approved to access this app",
            "no client credentials user enabled",
            "audience is invalid",
            "invalid assertion",
            "expired authorization code",
            "inactive user",
            "inactive organization",
            "ip restricted or invalid login hours",
        ),
        "invalid_client": ("invalid client credentials",),
        "invalid_client_id": ("client identifier invalid",),
        # temporary
        "UNABLE_TO_LOCK_ROW": (
            "unable to obtain exclusive access to this record",
            "unable to obtain exclusive access to this record or {number} records: {names}",
        ),
        "REQUEST_LIMIT_EXCEEDED": (
            "{name} Limit exceeded.",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        ),
        "SERVER_UNAVAILABLE": ("The server is temporarily unavailable. Try again later.",),
        "STORAGE_LIMIT_EXCEEDED": ("storage limit exceeded",),
        "QUERY_TIMEOUT": ("Your query request was running for too long.",),
        "REQUEST_RUNNING_TOO_LONG": (
            "Your request was running for too long, and has been stopped.",
        ),
        "UNKNOWN_EXCEPTION": (
            "An unexpected error occurred. Please include this ErrorId if you contact support: …",
        ),
        "ALL_OR_NONE_OPERATION_ROLLED_BACK": (
            (
                "Record rolled back because not all records were valid "
                "and the request was using AllOrNone header"
            ),
        ),
        "PROCESSING_HALTED": (
            (
                "The transaction was rolled back since "
                "another operation in the same transaction failed."
            ),
        ),
    }
)

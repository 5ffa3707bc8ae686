"""The sentences of HubSpot that we keep, by its category or by the code of a property's error, with
the slots of `vendor_texts`. Data only.

They are taken from HubSpot's error handling guide ([D]) and from other integrations' logs ([S]). A
sentence that HubSpot words differently is not kept; code, property and hint still say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SENTENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # of one property, inside the message of a VALIDATION_ERROR
        "INVALID_OPTION": (
            "… was not one of the allowed options: …",
            "… was not one of the allowed options…",
        ),
        "INVALID_EMAIL": ("Email address … is invalid",),
        "INVALID_INTEGER": ("… was not a valid integer.", "… was not a valid integer"),
        "INVALID_LONG": ("… was not a valid long.", "… was not a valid long"),
        "INVALID_DOUBLE": ("… was not a valid number.", "… was not a valid number"),
        "INVALID_DATE": ("… was not a valid date.", "… was not a valid date"),
        "INVALID_BOOLEAN": ("… was not a valid boolean.", "… was not a valid boolean"),
        "PROPERTY_DOESNT_EXIST": (
            'Property "{name}" does not exist',
            'Property "{name}" does not exist.',
        ),
        "READ_ONLY_VALUE": (
            '"{name}" is a read only property; its value cannot be set.',
            "{name} is a read only property; its value cannot be set.",
        ),
        "REQUIRED_PROPERTY_MISSING": ("{name} is required",),
        "CONFLICTING_UNIQUE_VALUE": ("… already has that value.", "… already has that value"),
        # of a call or a row
        "VALIDATION_ERROR": (
            "Property values were not valid: …",
            "Property values were not valid",
            "Some required fields were not set: [{names}]",
            "Invalid input JSON on line {number}, column {number}: …",
            "Invalid input JSON: …",
            "The maximum number of inputs supported in a batch request is {number}; …",
            "… cannot be updated because they have unsubscribed",
            "Unable to infer object type from: {name}",
        ),
        "CONFLICT": ("{name} already exists. Existing ID: {id}", "{name} already exists."),
        "OBJECT_NOT_FOUND": (
            "resource not found",
            "Object not found. objectId are usually numeric.",
        ),
        "MISSING_SCOPES": (
            (
                "This app hasn't been granted all required scopes to make this call. "
                "Read more about required scopes here: …"
            ),
            "This app hasn't been granted all required scopes to make this call.",
            "One or more of the following scopes are required.",
        ),
        "EXPIRED_AUTHENTICATION": (
            "The OAuth token used to make this call expired.",
            "The OAuth token used to make this call expired …",
        ),
        "INVALID_AUTHENTICATION": ("Authentication credentials not found. …",),
        "RATE_LIMITS": ("You have reached your {name} limit.",),
        "INTERNAL_ERROR": ("There was an internal error", "internal error"),
    }
)

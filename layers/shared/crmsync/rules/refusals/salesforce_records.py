"""Salesforce's codes about a single record: its values, automation, duplicates, references and
locks. Data only.

They are those of the API's StatusCode list ([D]).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crmsync.errors import Conflict, Gone, Refused, TryAgain
from crmsync.model.effects import Category
from crmsync.rules.refusals.refusal import Extent, Fixer, Refusal

_CORRECT = "Correct the value in HubSpot, or change the field's rules in Salesforce."
_PICKLIST = "Add the value to the picklist, or correct it in HubSpot."
_OWNER = "Choose an active Salesforce user as owner."
_TRIGGER = (
    "A trigger or flow in Salesforce failed on it. Make the same edit in Salesforce to see its "
    "error, and have it mended."
)
_DUPLICATE = (
    "Merge the duplicates in Salesforce, or change the duplicate rule. What a rule only alerts of "
    'is saved with duplicates = "allow" under [connection.salesforce].'
)


def _value(cause: str, hint: str = _CORRECT) -> Refusal:
    """A value of the record is wrong."""
    return Refusal(Refused, Category.VALIDATION, cause, Fixer.RECORD_OWNER, hint)


def _org(cause: str, hint: str, category: Category = Category.VALIDATION) -> Refusal:
    """The set-up of the org is in the way of the record."""
    return Refusal(Refused, category, cause, Fixer.SALESFORCE_ADMIN, hint)


def _gone(cause: str) -> Refusal:
    """The record does not exist, or no longer."""
    return Refusal(Gone, Category.ASSOCIATIONS, cause, Fixer.NOBODY, "")


def _busy(cause: str, wait: float, *, soon: bool = False, hint: str = "") -> Refusal:
    """The record is locked or in use at present."""
    who = Fixer.SALESFORCE_ADMIN if hint else Fixer.NOBODY
    return Refusal(TryAgain, Category.UNAVAILABLE, cause, who, hint, wait, soon, Extent.RECORDS)


RECORDS: Mapping[str, Refusal] = MappingProxyType(
    {
        # the record's own values
        "REQUIRED_FIELD_MISSING": _value(
            "A field that Salesforce requires is blank.",
            "Fill the field in HubSpot, or give it a fallback in the settings.",
        ),
        "STRING_TOO_LONG": _value(
            "A text is longer than its field.",
            "Shorten the value in HubSpot, or lengthen the field in Salesforce.",
        ),
        "INVALID_EMAIL_ADDRESS": _value("Salesforce does not accept an e-mail address."),
        "NUMBER_OUTSIDE_VALID_RANGE": _value("A number is too large or too small for its field."),
        "INVALID_TYPE_ON_FIELD_IN_RECORD": _value("A value has another type than its field."),
        "INVALID_DATE_FORMAT": _value("A date is not in a form that Salesforce reads."),
        "JSON_PARSER_ERROR": _value(
            "Salesforce cannot read a value, such as a text in a number field."
        ),
        "TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET": _value(
            "A text has characters that the org cannot store.",
            "Remove the special characters in HubSpot.",
        ),
        "TOO_MANY_ENUM_VALUE": _value(
            "A multi-select picklist has more values than Salesforce allows.",
            "Choose fewer values in HubSpot.",
        ),
        "MAX_TASK_DESCRIPTION_EXCEEDED": _value(
            "The description of a task is too long.",
            "Shorten the texts that become part of the task, such as the subject of the e-mail.",
        ),
        "INVALID_STATUS": _value(
            "The record may not get this status or stage.",
            "Choose another one in HubSpot, or change the record's process in Salesforce.",
        ),
        "FIELD_INTEGRITY_EXCEPTION": _value(
            "A value contradicts another one, such as a state that its country does not have."
        ),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _org(
            "A restricted picklist does not have the value.", _PICKLIST
        ),
        "BAD_VALUE_FOR_RESTRICTED_PICKLIST": _org(
            "A restricted picklist does not have the value.", _PICKLIST
        ),
        "INVALID_CURRENCY_ISO": _org(
            "The currency is not active in the org.",
            "Activate the currency in Salesforce, or correct it in HubSpot.",
        ),
        "FIELD_FILTER_VALIDATION_EXCEPTION": _org(
            "A lookup filter refuses the record that a field points to.",
            "Correct the value in HubSpot, or change the lookup filter in Salesforce.",
        ),
        # validation rules, triggers and flows
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": _org(
            "A validation rule, trigger or flow refuses the record.",
            "A validation rule, trigger or flow in Salesforce refused it: make the record meet it, "
            "or change it. Make the same edit in Salesforce to see its whole text.",
        ),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _org(
            "A trigger or flow failed on the record, or may not touch another one.",
            _TRIGGER,
            Category.PERMISSIONS,
        ),
        "CANNOT_EXECUTE_FLOW_TRIGGER": _org(
            "A flow failed on the record.",
            "A flow in Salesforce failed on it. Salesforce has mailed the error to the flow's "
            "administrator; have it mended.",
        ),
        "SELF_REFERENCE_FROM_TRIGGER": _org(
            "A trigger changes the record that it was called for.", _TRIGGER
        ),
        "LIMIT_EXCEEDED": _org(
            "A limit of the org is reached, often by a trigger or flow on the record.", _TRIGGER
        ),
        "ALREADY_IN_PROCESS": _org(
            "A trigger or flow submits the record for an approval that has begun already.", _TRIGGER
        ),
        "NO_APPLICABLE_PROCESS": _org(
            "A trigger or flow submits the record, and no approval process takes it.", _TRIGGER
        ),
        "MANAGER_NOT_DEFINED": _org(
            "An approval process needs the owner's manager, and none is set.",
            "Set the manager of the record's owner in Salesforce.",
        ),
        "PACKAGE_LICENSE_REQUIRED": _org(
            "A managed package runs on the record without a licence for the integration user.",
            "Assign the package's licence to the integration user.",
            Category.PERMISSIONS,
        ),
        # duplicates
        "DUPLICATE_VALUE": Refusal(
            Conflict,
            Category.DUPLICATES,
            "Another record has the value of a unique field.",
            Fixer.RECORD_OWNER,
            "Merge the two records in Salesforce, or correct the value of one of them.",
        ),
        "DUPLICATES_DETECTED": _org(
            "A duplicate rule found similar records.", _DUPLICATE, Category.DUPLICATES
        ),
        "DUPLICATE_EXTERNAL_ID": _org(
            "Several records have the same external id.",
            "Merge the duplicates in Salesforce, or clear the external id of all but one.",
            Category.DUPLICATES,
        ),
        # references and owners
        "INVALID_CROSS_REFERENCE_KEY": _value(
            "The record that a field points to is missing, or the integration user cannot see it.",
            "The record that this one points to is missing in Salesforce.",
        ),
        "INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD": _value(
            "A field points to a record of another object than it may.",
            "Correct the value in HubSpot, or take the field out of the field mappings.",
        ),
        "CIRCULAR_DEPENDENCY": _value(
            "The account would be its own parent, directly or through others.",
            "Correct the parent company in HubSpot, or the parent account in Salesforce.",
        ),
        "MAXIMUM_HIERARCHY_LEVELS_REACHED": _value(
            "The account would be too deep in the hierarchy of accounts.",
            "Choose a parent with fewer levels above it.",
        ),
        "CANNOT_REPARENT_RECORD": _org(
            "The field of the parent does not allow another parent.",
            "Allow reparenting in the master-detail field, or take it out of the field mappings.",
        ),
        "INVALID_PERSON_ACCOUNT_OPERATION": _value(
            "Salesforce does not allow this for a person account.",
            "Make the edit in Salesforce on the person account itself.",
        ),
        "INACTIVE_OWNER_OR_USER": _value("The owner is an inactive user.", _OWNER),
        "OPERATION_WITH_INACTIVE_USER_EXCEPTION": _value("The owner is an inactive user.", _OWNER),
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION": _value(
            "The owner's type of user cannot own the record.", _OWNER
        ),
        "DELETE_FAILED": _org(
            "Something in Salesforce prevents the deletion.",
            "Delete the record by hand in Salesforce to see the reason.",
        ),
        "DEPENDENCY_EXISTS": _org(
            "Other records need the one that is to be deleted.",
            "Delete the record by hand in Salesforce to see which ones.",
        ),
        # the record does not exist
        "ENTITY_IS_DELETED": _gone("The record was deleted or merged."),
        "NOT_FOUND": _gone("The record does not exist, or no longer."),
        "INVALID_ID_FIELD": _gone("Salesforce has no record with this id."),
        "MALFORMED_ID": _gone("An id is none of this object's."),
        "CANNOT_UPDATE_CONVERTED_LEAD": _gone("The lead was converted to a contact."),
        # locked at present
        "UNABLE_TO_LOCK_ROW": _busy(
            "Another transaction holds the record or its parent.", 15, soon=True
        ),
        "ENTITY_IS_LOCKED": _busy(
            "An approval process locks the record.",
            900,
            hint="Finish or recall the approval in Salesforce.",
        ),
        "RECORD_IN_USE_BY_WORKFLOW": _busy("An automation of the org is using the record.", 900),
        "TERRITORY_REALIGN_IN_PROGRESS": _busy("The org is realigning its territories.", 900),
        "STORAGE_LIMIT_EXCEEDED": _busy(
            "The org's data storage is full.",
            900,
            hint="Delete data in Salesforce, or buy storage.",
        ),
    }
)

"""Errors contain nothing personal: only known sentences, with names and numbers filled in."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmsync.errors import SyncError
from crmsync.gateways.hubspot import errors as hubspot_errors
from crmsync.gateways.hubspot import texts as hubspot_texts
from crmsync.gateways.salesforce import errors as salesforce_errors
from crmsync.gateways.salesforce import texts as salesforce_texts
from crmsync.gateways.vendor_texts import LONGEST, Sentences, code_of, kept, name_of

MISSING = ("Required fields are missing: [{names}]",)


@pytest.mark.parametrize(
    ("text", "sentences", "values", "expected"),
    [
        ("Required fields are missing: [LastName, Tax_No__c]", MISSING, [], None),
        ("Required fields are missing: [Lang, Company]", MISSING, ["lang "], "Required fields are missing: […, Company]"),
        ("Required fields are missing: [Ada Lang]", MISSING, [], ""),
        ("Required fields are missing: [LastName] Ada", MISSING, [], ""),
        ("A: too large: Lang (max length=3)", ("…: too large: … (max length={number})",), [], "…: too large: … (max length=3)"),
        ("A: too large: Lang (max length=43664555)", ("…: too large: … (max length={number})",), [], ""),
        ("It&#39;s\n  gone.", ("It's gone.",), [], "It's gone."),
        ("It\u2019s gone.", ("It's gone.",), [], "It's gone."),
        ("Lead already exists. Existing ID: 501", ("{name} already exists. Existing ID: {id}",), [], None),
        ("Lead already exists. Existing ID: AT611904300234573201", ("{name} already exists. Existing ID: {id}",), [], ""),
        ("a (b) c", ("x", "a (b) c"), [], None),
        ("a" + "." * LONGEST, ("a…",), [], ""),
        ("anything", (), [], ""),
    ],
)  # fmt: skip
def test_a_known_sentence_is_kept_with_its_names_and_numbers(
    text: str, sentences: tuple[str, ...], values: list[object], expected: str | None
) -> None:
    """If a slot does not match, the text is another sentence, of which nothing is kept."""
    assert kept(text, sentences, values) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("told", "name"),
    [("Tax_No__c", "Tax_No__c"), ("Account.Name", "Account.Name"), ("Ada Lang", ""), ("a@example.com", ""), (None, ""), (7, "")],
)  # fmt: skip
def test_only_a_valid_name_is_kept(told: object, name: str) -> None:
    """A CRM's own lists of fields are checked, too."""
    assert name_of(told) == name


@pytest.mark.parametrize(
    ("told", "code"), [("INVALID_FIELD", "INVALID_FIELD"), ("Ada Lang", "400"), (None, "400"), ("429", "429"), ("5550001", "400")]
)  # fmt: skip
def test_only_a_valid_code_is_kept(told: object, code: str) -> None:
    """Anything else is replaced by the status."""
    assert code_of(told, 400) == code


ROW = {
    "LastName": "Canary O'Brien",
    "Company": "Canary  &\nSons",
    "Phone": "+43 664 5550001",
    "Email": "canary@example.com",
    "AnnualRevenue": 1234567.5,
    "Birthdate": "1980-12-31",
    "City": "Zürich-Canary",
}
PERSONAL = (
    *(
        "canary",
        "brien",
        "sons",
        "664",
        "5550001",
        "555-0001",
        "1234567",
        "1,234,567",
        "1980",
        "31.12",
        "rich-",
        "iban",
    ),
    "\x1b",
)
"""What no error may contain, in lowercase."""

RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def of_salesforce(message: str, code: str = RULE, **fields: Any) -> SyncError:
    """The error of a row that Salesforce refused."""
    return salesforce_errors.row_error(
        [{"statusCode": code, "message": message, "fields": ["Phone"], **fields}], ROW
    )


def of_salesforces_call(message: str, code: str) -> SyncError:
    """The error of a whole call that Salesforce refused; its values are unknown."""
    return salesforce_errors.call_error(400, [{"errorCode": code, "message": message}])


def of_hubspot(message: str, **body: Any) -> SyncError:
    """The error of a row that HubSpot refused."""
    return hubspot_errors.row_error(
        {"category": "VALIDATION_ERROR", "message": message, **body}, ROW
    )


def of_hubspots_call(message: str, **body: Any) -> SyncError:
    """The error of a whole call that HubSpot refused."""
    return hubspot_errors.call_error(
        400, {"category": "VALIDATION_ERROR", "message": message, **body}
    )


def property_error(code: str, message: str, name: str = "phone") -> str:
    """The message of HubSpot about one property."""
    return "Property values were not valid: " + json.dumps(
        [{"isValid": False, "error": code, "message": message, "name": name}]
    )


QUERY = "SELECT Id FROM Lead WHERE Email = 'canary@example.com' ^ ERROR at Row:1:Column:8 "
TOLD = {
    "html-escaped": of_salesforce("The name Canary O&#39;Brien is blocked"),
    "blanks collapsed": of_salesforce("Canary & Sons is blocked"),
    "line break as a blank": of_salesforce("Company Canary  & Sons is blocked"),
    "phone written otherwise": of_salesforce("No number like (0664) 555-0001"),
    "date written otherwise": of_salesforce("Born on 31.12.1980"),
    "amount with separators": of_salesforce("Revenue of EUR 1,234,567.50 is too much"),
    "letters taken apart": of_salesforce(unicodedata.normalize("NFD", "City Zürich-Canary is blocked")),
    "value cut off": of_salesforce("Not possible for Canary O'Br..."),
    "another person": of_salesforce("DupCheck: already held by Mr John CANARYOTHER, +1 555 0001, IBAN CANARYIBAN"),
    "another record's address": of_salesforce("Assigned to canary.other@example.com"),
    "the old value": of_salesforce("Status may not go from CANARYOLD to Open"),
    "escape bytes": of_salesforce("\x1b]0;CANARY\x07\x1b[2Jall is well"),
    "a duplicate rule's own words": of_salesforce("Canary is there already", "DUPLICATES_DETECTED"),
    "a trigger's exception": of_salesforce(
        "Trg: execution of BeforeInsert\n\ncaused by: System.DmlException: Insert failed for Canary O'Brien",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
    ),
    "a flow's label": of_salesforce(
        "We can\u2019t save this record because the \u201cCanary\u201d process failed. Ask Canary.", "CANNOT_EXECUTE_FLOW_TRIGGER"
    ),
    "a long value": of_salesforce("Canary: data value too large: Canary O'Brien (max length=3)", "STRING_TOO_LONG"),
    "a value as a name": of_salesforce("Required fields are missing: [canary@example]", "REQUIRED_FIELD_MISSING"),
    "Salesforce reads no JSON": of_salesforces_call(
        "Cannot deserialize instance of date from VALUE_STRING value Canary 31.12.1980 or request may be missing a required field at "
        "[line:1, column:20]",
        "JSON_PARSER_ERROR",
    ),
    "another end of it": of_salesforces_call("Unexpected character ('C' (code 67)) near Canary O'Brien", "JSON_PARSER_ERROR"),
    "a query in the message": of_salesforces_call(f"{QUERY}unexpected token: 'Canary'", "MALFORMED_QUERY"),
    "a query and a column": of_salesforces_call(f"{QUERY}No such column 'Fax' on entity 'Lead'. See Canary.", "INVALID_FIELD"),
    "HubSpot reads no JSON": of_hubspots_call("Invalid input JSON on line 1, column 20: Cannot read Canary O'Brien"),
    "JSON that was sent": of_hubspots_call('Cannot read: [{"name":"Canary","error":"CANARY","message":"Canary"}]'),
    "a value that somebody has": of_hubspot(
        property_error("CONFLICTING_UNIQUE_VALUE", "Cannot set Canary on 7. +43 664 5550001 already has that value.")
    ),
    "a value that is no option": of_hubspot(property_error("INVALID_OPTION", "Canary was not one of the allowed options: [Canary]")),
    "an address that is none": of_hubspot(property_error("INVALID_EMAIL", "Email address canary@example is invalid")),
    "words of a code that is new": of_hubspot(property_error("NEW_CODE", "Canary O'Brien is odd")),
    "a property that is none": of_hubspot(property_error("NEW_CODE", "odd", name="Canary O'Brien")),
    "a context that is none": of_hubspot("odd", context={"propertyName": ["Canary O'Brien"]}),
    "a category that is none": of_hubspot("odd", category="Canary O'Brien"),
    "a code that is none": of_salesforce("odd", "Canary O'Brien"),
    "a field that is none": of_salesforce("odd", fields=["Canary O'Brien"]),
}  # fmt: skip
"""A description of a text -> the error that it leads to."""


@pytest.mark.parametrize("which", TOLD)
def test_nothing_personal_is_kept_of_a_text(which: str) -> None:
    """The error contains neither the record's own values in any form nor those of other records or
    of an administrator's code.
    """
    error = TOLD[which]
    told = repr((str(error), vars(error), error.fieldnames)).lower()

    assert [one for one in PERSONAL if one in told or one in ascii(told)] == []
    assert error.text


def test_what_is_kept_says_what_to_do() -> None:
    """The error has a known sentence, or else the code; the field; and our own hint."""
    texts = {which: (error.text, error.fieldname) for which, error in TOLD.items()}

    assert (texts["another person"], texts["a long value"]) == (
        ("Salesforce answered FIELD_CUSTOM_VALIDATION_EXCEPTION.", "Phone"),
        ("…: data value too large: … (max length=3)", "Phone"),
    )
    assert (texts["a trigger's exception"][0], texts["a query and a column"]) == (
        "Trg: execution of BeforeInsert caused by: System.DmlException: …",
        ("… ERROR at Row:1:Column:8 No such column 'Fax' on entity 'Lead'. …", "Fax"),
    )
    assert (texts["words of a code that is new"], texts["a value that is no option"]) == (
        ("phone: NEW_CODE.", "phone"),
        ("phone: … was not one of the allowed options: …", "phone"),
    )


SENTENCES = [
    (table, code, sentence)
    for table in (hubspot_texts.SENTENCES, salesforce_texts.SENTENCES)
    for code, sentences in table.items()
    for sentence in sentences
]
SLOTS = re.compile(r"\{names?\}|\{number\}|\{id\}|…")


@given(st.sampled_from(SENTENCES), st.data())
@settings(max_examples=300)
def test_no_slot_takes_what_is_personal(
    which: tuple[Sentences, str, str], data: st.DataObject
) -> None:
    """No slot of a known sentence matches an address, a full name, a phone number or a name that is
    the record's own.
    """
    table, code, sentence = which
    personal = st.sampled_from(
        [
            "ada@example.com",
            "Ada Lang",
            "+43 664 5550001",
            "0664/5550001",
            "AT61 1904 3002 3457",
            "Langlang",
        ]
    )
    text = SLOTS.sub(lambda _: data.draw(personal), sentence)

    found = kept(text, table[code], ["Langlang"])

    assert not re.search("ada|lang|664|555|1904|@", found.lower().replace("language", ""))


@pytest.mark.parametrize(("table", "code", "sentence"), SENTENCES)
def test_every_sentence_is_recognised(table: Sentences, code: str, sentence: str) -> None:
    """Filled in as the vendor does it, each sentence is kept."""
    filled = (
        sentence.replace("{names}", "Fax, Title")
        .replace("{name}", "Lead")
        .replace("{number}", "80")
    )
    filled = filled.replace("{id}", "501")

    found = kept(filled.replace("…", "Ada Lang"), table[code])

    assert found.replace("…", "") == filled.replace("…", "")

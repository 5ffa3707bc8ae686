"""Responses have the shape of recorded ones: every name in a real org's response is here, with a
value of the same kind.

The samples are in the folder named by SALESFORCE_SAMPLES_DIR or in the reference folder next to the
repository; without them the tests are skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulators.salesforce.times import event_text
from tests.simulators.salesforce.orgs import LiveOrg, lead, typed

_BESIDE = Path(__file__).parents[4] / "shared" / "reference" / "salesforce-samples"
_FOLDER = Path(os.environ.get("SALESFORCE_SAMPLES_DIR") or _BESIDE)

pytestmark = pytest.mark.skipif(
    not _FOLDER.is_dir(),
    reason="no recorded Salesforce samples: set SALESFORCE_SAMPLES_DIR to check against them",
)


def _sample(name: str) -> Any:
    found = next(_FOLDER.rglob(name))
    return json.loads(found.read_text(encoding="utf-8"))


def _agrees(recorded: Any, answered: Any, place: str = "answer") -> None:
    """Return whether everything recorded is there with the same kind; lists compare their first
    entries, null agrees with everything.
    """
    if recorded is None or answered is None:
        return
    if isinstance(recorded, dict):
        assert isinstance(answered, dict), place
        assert recorded.keys() <= answered.keys(), (
            f"{place} lacks {sorted(recorded.keys() - answered.keys())}"
        )
        for name, value in recorded.items():
            _agrees(value, answered[name], f"{place}.{name}")
    elif isinstance(recorded, list):
        assert isinstance(answered, list), place
        if recorded and answered:
            _agrees(recorded[0], answered[0], f"{place}[0]")
    else:
        numbers = isinstance(recorded, int | float) and isinstance(answered, int | float)
        assert isinstance(answered, type(recorded)) or numbers, place


def _deleted(org: LiveOrg) -> str:
    record_id = str(org.product.Account.create({"Name": "Acme"})["id"])
    org.product.Account.delete(record_id)
    return record_id


def _window(org: LiveOrg) -> str:
    org.clock.advance(120)
    minutes = (org.clock.now_ms() // 60_000 - 10, org.clock.now_ms() // 60_000)
    return f"start={event_text(minutes[0] * 60_000)}&end={event_text(minutes[1] * 60_000)}"


_CALLS: dict[str, Callable[[LiveOrg], tuple[str, str, Any]]] = {
    "restforce-create_success_response.json": lambda _: ("POST", "/sobjects/Lead", lead()),
    "restforce-describe_sobjects_success_response.json": lambda _: ("GET", "/sobjects", None),
    "restforce-sobject_describe_success_response.json": lambda _: ("GET", "/sobjects/Lead/describe", None),
    "restforce-get_updated_success_response.json": lambda org: ("GET", f"/sobjects/Lead/updated/?{_window(org)}", None),
    "restforce-get_deleted_success_response.json": lambda org: ("GET", f"/sobjects/Account/deleted/?{_window(org)}", None),
    "restforce-org_query_response.json": lambda _: ("GET", "/query?q=SELECT+Id+FROM+Organization", None),
    "restforce-query_error_response.json": lambda _: ("GET", "/query?q=SELECT+Foo+FROM+Lead", None),
    "restforce-delete_error_response.json": lambda _: ("DELETE", "/sobjects/Lead/rid", None),
    "restforce-write_error_response.json": lambda _: ("POST", "/sobjects/Lead", {"foo": "bar"}),
    "restforce-upsert_error_response.json": lambda _: ("PATCH", "/sobjects/Lead/Namez/1", {}),
    "amp-batch-create-contacts-success.json": lambda _: (
        "POST", "/composite/sobjects", {"records": [typed("Contact", LastName="Lang")]}),
    "amp-batch-create-contacts-err-bad-request.json": lambda _: ("POST", "/composite/sobjects", {"records": []}),
    "amp-batch-create-contacts-partial-but-allOrNone.json": lambda _: (
        "POST", "/composite/sobjects", {"allOrNone": True, "records": [typed("Contact"), typed("Contact", LastName="Lang")]}),
    "amp-batch-update-contacts-err-each-no-ids.json": lambda _: (
        "PATCH", "/composite/sobjects", {"records": [typed("Contact"), typed("Contact")]}),
    "amp-invalid-field-upsert.json": lambda _: ("POST", "/sobjects/Account", {"Name": "x", "MasterRecordId": "001000000000001AAA"}),
    "amp-unknown-field.json": lambda _: ("POST", "/sobjects/Account", {"AccountNumer": "x"}),
    "amp-unknown-object.json": lambda _: ("GET", "/query?q=SELECT+Name,BillingCity,IsDeleted+FROM+Accout", None),
    "amp-crm-delete-not-found.json": lambda org: ("DELETE", f"/sobjects/Account/{_deleted(org)}", None),
    "amp-read-opportunity-with-contacts.json": lambda _: (
        "GET", "/query?q=SELECT+Id,Name,Amount,StageName,(SELECT+Id,ContactId,Role+FROM+OpportunityContactRoles)+FROM+Opportunity", None),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_CALLS))
def test_a_response_has_the_shape_of_the_recorded_one(org: LiveOrg, name: str) -> None:
    """The same call returns the same names with values of the same kinds."""
    contact = org.product.Contact.create({"LastName": "Lang"})["id"]
    org.product.Lead.create(lead())
    _deleted(org)
    deal = {
        "Name": "Deal",
        "StageName": "Prospecting",
        "CloseDate": "2026-12-01",
        "Amount": 5,
        "ContactId": contact,
    }
    org.product.Opportunity.create(deal)
    method, path, body = _CALLS[name](org)
    _agrees(
        _sample(name), org.call(method, path, **({} if body is None else {"json": body})).json()
    )


@pytest.mark.parametrize(
    "name",
    ["amp-batch-create-contacts-err-bad-request.json", "amp-crm-delete-not-found.json", "amp-batch-update-contacts-err-each-no-ids.json",
     "restforce-expired_session_response.json", "amp-invalid-field-upsert.json", "amp-unknown-field.json"],
)  # fmt: skip
def test_a_refusal_has_the_text_of_the_recorded_one(org: LiveOrg, name: str) -> None:
    """Codes, messages and fields are those of the org."""
    token = "00D!nobody" if "session" in name else None
    method, path, body = _CALLS.get(name, lambda _: ("GET", "/limits", None))(org)
    assert org.call(
        method, path, token=token, **({} if body is None else {"json": body})
    ).json() == _sample(name)


def test_describe_has_every_recorded_key(org: LiveOrg) -> None:
    """No key of a recorded field description is missing."""
    recorded = _sample("amp-metadata-read-accounts-sampled.json")["compositeResponse"][0]["body"]
    answered = org.call("GET", "/sobjects/Account/describe").json()
    assert recorded["fields"][0].keys() == answered["fields"][0].keys()
    assert recorded.keys() <= answered.keys()


@pytest.mark.parametrize("name", ["update_contact.json", "update_contact_compound_address.json"])
def test_a_change_event_has_the_shape_of_a_relayed_one(org: LiveOrg, name: str) -> None:
    """Header and body of an update agree with an event of the Event Relay."""
    record_id = org.product.Contact.create({"LastName": "Lang"})["id"]
    org.sim.due_change_events()
    org.clock.advance(5)
    org.product.Contact.update(record_id, {"LastName": "Young", "MailingStreet": "1 Example Road"})
    (event,) = org.sim.due_change_events()
    _agrees(_sample(name), event["detail"]["payload"])

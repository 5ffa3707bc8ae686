"""How the Salesforce gateway calls: retries, what shares a call, and which headers are sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmsync.errors import Conflict, Drifted, Refused, TryAgain
from crmsync.gateways.salesforce.queries import (
    LONGEST_URI,
    Deletions,
    by_email,
    modified_since,
    run,
)
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.gateways.salesforce.orgs import Org, a_creation, an_org, an_update, made
from tests.gateways.scripted import Response, Script
from tests.simulated import FixedSecret, served

CREDENTIALS = FixedSecret({"client_id": "app", "client_secret": "secret"})


@pytest.fixture
def org() -> Iterator[Org]:
    """An org whose active assignment rule gives every new lead an owner."""
    with an_org() as running:
        yield running


def test_a_write_whose_response_is_lost_is_repeated_without_a_duplicate(org: Org) -> None:
    """The repeated creation is a conflict that names the record (fault 7)."""
    org.faults.replace([{"at": "salesforce", "kind": "timeout_after_write"}])

    [outcome] = org.gateway.create([a_creation(1)])

    assert isinstance(outcome, Conflict)
    assert [one.ref.id for one in org.gateway.find(["p1@example.com"], {"Lead": []})] == [
        outcome.existing
    ]
    assert len(org.waits) == 1


def test_a_lasting_fault_is_left_to_the_queue(org: Org) -> None:
    """There are three attempts with two short waits."""
    org.faults.replace([{"at": "salesforce", "kind": "server_error", "times": 9}])

    with pytest.raises(TryAgain):
        org.gateway.create([a_creation(1)])

    assert len(org.waits) == 2


def test_locked_rows_are_tried_once_more_and_then_left_to_the_queue(org: Org) -> None:
    """The other rows are written (fault 14)."""
    refs = made(org, a_creation(1), a_creation(2))
    org.faults.replace([{"at": "salesforce", "kind": "lock_row"}])

    assert [type(one) for one in org.gateway.update([an_update(ref) for ref in refs])] == [
        Written,
        Written,
    ]
    org.faults.replace([{"at": "salesforce", "kind": "lock_row", "times": 99}])
    outcomes: Sequence[Any] = org.gateway.update([an_update(ref) for ref in refs])
    assert [(type(one), one.code) for one in outcomes] == [(TryAgain, "UNABLE_TO_LOCK_ROW")] * 2


def test_a_used_up_daily_limit_is_left_to_the_queue(org: Org) -> None:
    """No call is wasted on an immediate retry (fault 13)."""
    org.faults.replace([{"at": "salesforce", "kind": "daily_limit", "seconds": 3600}])

    with pytest.raises(TryAgain) as caught:
        org.gateway.create([a_creation(1)])

    assert (caught.value.code, caught.value.after, org.waits) == ("REQUEST_LIMIT_EXCEEDED", 900, [])


def test_a_removed_field_fails_only_the_rows_that_have_it(org: Org) -> None:
    """The report names the field; a read of it is refused as a whole (fault 29)."""
    one, two = made(org, a_creation(1), a_creation(2))
    org.faults.replace(
        [{"at": "salesforce", "kind": "field_removed", "object": "Lead", "field": "Title"}]
    )

    outcomes: Sequence[Any] = org.gateway.update(
        [an_update(one, Phone="1"), an_update(two, Title="Countess", Phone="2")]
    )

    assert [type(outcome) for outcome in outcomes] == [Written, Drifted]
    assert (outcomes[1].code, outcomes[1].fieldname) == ("INVALID_FIELD", "Title")
    with pytest.raises(Refused) as caught:
        org.gateway.read([one], {"Lead": ["Title"]})
    assert (caught.value.code, caught.value.fieldname) == ("INVALID_FIELD", "Title")


def test_our_writes_never_run_assignment_rules(org: Org) -> None:
    """The lead keeps the owner that we set."""
    owner = org.simulator.integration_user_id

    [lead] = made(org, a_creation(1, OwnerId=owner))
    org.gateway.update([an_update(lead, Phone="2")])

    assert org.gateway.read([lead], {"Lead": ["OwnerId"]})[lead].fields == {"OwnerId": owner}


def test_our_writes_send_our_client_name(org: Org) -> None:
    """Change events contain it as their origin, which marks echoes."""
    made(org, a_creation(1))

    [event] = org.simulator.due_change_events()

    assert event["detail"]["payload"]["ChangeEventHeader"]["changeOrigin"].endswith(
        ";client=crmsync"
    )


def test_a_thousand_changed_records_take_six_calls(org: Org) -> None:
    """Five writes of 200 and one read of 2,000 (docs/vendors.md#salesforce-rows)."""
    refs = made(org, *(a_creation(number) for number in range(1000)))
    before = org.simulator.stats()["calls"]

    org.gateway.read(refs, {"Lead": ["Email"]})
    org.gateway.update([an_update(ref) for ref in refs])

    assert org.simulator.stats()["calls"] - before == 6


def test_a_search_for_a_thousand_addresses_in_two_objects_takes_two_calls(org: Org) -> None:
    """Five queries share a call."""
    org.gateway.find(
        [f"somebody.number.{number}@example.com" for number in range(1000)],
        {"Lead": ["Email"], "Contact": ["Email"]},
    )

    assert org.counts() == {"POST /composite": 2}


def test_a_search_for_very_many_fields_takes_one_more_call_for_what_it_finds() -> None:
    """Names that fill half a query leave little room for addresses: the records are found without
    them and then read by id, so a thousand addresses take no call more than with one field.
    """
    names = [f"A_Rather_Long_Name_Of_A_Field_{number:03}__c" for number in range(250)]
    custom = [{"name": name, "length": 80} for name in names]
    with an_org({"Lead": custom}) as org:
        last = names[-1]
        (lead,) = made(org, a_creation(1, **{last: "seen"}))
        before = org.counts()

        emails = [f"p{number}@example.com" for number in range(1000)]
        found = org.gateway.find(emails, {"Lead": names})

        assert [(one.ref, one.fields[last]) for one in found] == [(lead, "seen")]
        used = {
            name: count - before.get(name, 0)
            for name, count in org.counts().items()
            if count != before.get(name, 0)
        }
        assert used == {"POST /composite": 1, "POST /composite/sobjects/Lead": 1}


def test_an_idle_sweep_is_one_call_for_all_objects(org: Org) -> None:
    """That is 1,440 calls a day with a poll per minute; the lists of deleted records are in the
    same call.
    """
    now = datetime(2036, 1, 1, tzinfo=UTC)
    watched = ("Lead", "Contact", "Account", "Opportunity", "OpportunityContactRole")

    assert list(org.gateway.changed_since(dict.fromkeys(watched, now))) == []
    assert org.counts() == {"POST /composite": 1}
    assert list(org.gateway.changed_since(dict.fromkeys(watched, now), with_purged=True)) == []
    assert org.counts() == {"POST /composite": 2}


def test_all_pages_of_a_long_result_are_read(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """Salesforce splits long results, also within a composite call."""
    people = made(org, *(a_creation(number, Email="many@example.com") for number in range(7)))
    alone = made(org, a_creation(8, "Contact", Email="many@example.com"))
    monkeypatch.setattr("simulators.salesforce.resources.queries.DEFAULT_PAGE", 3)

    found = org.gateway.find(["many@example.com"], {"Lead": [], "Contact": []})

    assert sorted(one.ref for one in found) == sorted([*people, *alone])
    assert len(found) == 8


def test_a_sixth_query_needs_a_second_call_and_a_list_does_not(org: Org) -> None:
    """Each question is answered in order, however many there are."""
    now = datetime.now(UTC)
    window = (now - timedelta(hours=1), now)
    lists = [Deletions(name, *window) for name in ("Lead", "Contact", "OpportunityContactRole")]
    queries = [modified_since("Lead", now, limit=number) for number in range(1, 7)]
    sent = [lists[0], *queries, *lists[1:]]

    assert list(run(org.gateway.session, sent)) == [(one, []) for one in sent]
    assert org.counts() == {"POST /composite": 2}
    list(run(org.gateway.session, lists * 9))
    assert org.counts() == {"POST /composite": 4}


def test_definitions_are_swept_without_a_recycle_bin(org: Org) -> None:
    """Stages and record types have no ``IsDeleted``; only record types of opportunities are
    returned.
    """
    since = datetime(2020, 1, 1, tzinfo=UTC)

    pages = list(org.gateway.changed_since({"OpportunityStage": since, "RecordType": since}))

    seen = [one for page in pages for one in page]
    assert {(one.ref.object, one.deleted) for one in seen} == {("OpportunityStage", False)}
    assert org.counts() == {"POST /composite": 1}


def test_queries_are_short_enough_for_a_uri() -> None:
    """Their length is limited for any addresses and fields."""
    emails = [f"{'ä' * 40}{number}@example.com" for number in range(500)]

    queries = list(by_email("Contact", tuple(f"Field_{number}__c" for number in range(60)), emails))

    assert max(len(_encoded(query.soql)) for query in queries) <= LONGEST_URI
    assert sum(query.soql.count("@example.com") for query in queries) == 500


def _encoded(soql: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(soql, safe="")


def test_an_invalid_name_is_refused() -> None:
    """SOQL cannot be injected as the name of a field."""
    with pytest.raises(Refused):
        list(by_email("Lead", ("Email FROM User --",), ["ada@example.com"]))


@pytest.mark.rule("ERR-4")
@pytest.mark.parametrize(
    ("allow", "header"), [(False, "allowSave=false"), (True, "allowSave=true")]
)
def test_every_write_says_how_duplicate_alerts_are_handled(*, allow: bool, header: str) -> None:
    """Creates and updates send the header; reads do not."""
    token = Response(
        {"access_token": "t", "instance_url": "", "id": "https://login.salesforce.com/id/00D/005"}
    )
    script = Script([token, Response([{"id": "00Q", "success": True, "errors": []}])])
    with served(script) as url:
        token.body["instance_url"] = url
        gateway = SalesforceGateway(url, CREDENTIALS, now=time.time, allow_duplicates=allow)
        fields = {"LastName": "Lang"}
        gateway.create([CreateRecord(Side.SALESFORCE, "Lead", "k", fields, Slot("lead"))])
        gateway.create(
            [CreateRecord(Side.SALESFORCE, "Lead", "k", fields, Slot("lead"), assign=True)]
        )
        gateway.update([UpdateRecord(Ref(Side.SALESFORCE, "Lead", "00Q"), Side.SALESFORCE, fields)])
        gateway.read([], {})

    assert [
        (one.method, one.headers["Sforce-Duplicate-Rule-Header"]) for one in script.requests[1:]
    ] == [(method, header) for method in ("POST", "POST", "PATCH")]

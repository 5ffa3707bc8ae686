"""simple-salesforce, unchanged: every function that a synchronisation may use works with the
simulator.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simple_salesforce import format_soql

from tests.simulators.salesforce.orgs import LiveOrg, lead, rows, typed


def _now(org: LiveOrg) -> datetime:
    return datetime.fromtimestamp(org.clock.now_ms() / 1000, UTC)


def test_replication_takes_datetimes(org: LiveOrg) -> None:
    """`updated` and `deleted` of an object type take a window of datetimes."""
    kept, gone = (org.product.Lead.create(lead())["id"] for _ in range(2))
    org.product.Lead.delete(gone)
    org.clock.advance(120)
    window = (_now(org) - timedelta(hours=1), _now(org))
    assert org.product.Lead.updated(*window)["ids"] == [kept]
    assert [entry["id"] for entry in org.product.Lead.deleted(*window)["deletedRecords"]] == [gone]


def test_query_all_follows_every_page(org: LiveOrg) -> None:
    """More than one page of 2,000 is returned as one result."""
    for _ in range(11):
        records = [typed("Lead", **lead()) for _ in range(200)]
        org.product.restful("composite/sobjects", method="POST", json={"records": records})
    answer = org.product.query_all("SELECT Id FROM Lead")
    assert (answer["totalSize"], len({record["Id"] for record in answer["records"]})) == (
        2200,
        2200,
    )


def test_bound_values_are_found(org: LiveOrg) -> None:
    """format_soql's escapes are understood, including hostile ones."""
    hostile = "x' OR LastName != '\\%_\n"
    org.product.Contact.create(
        {"LastName": "Lang", "Description": "d", "Department": "x' OR LastName != '\\%_"}
    )
    org.product.Contact.create({"LastName": "Other"})
    queries = [
        format_soql("SELECT LastName FROM Contact WHERE Department = {}", hostile.strip()),
        format_soql("SELECT LastName FROM Contact WHERE Department IN {}", [hostile.strip(), "'"]),
        format_soql("SELECT LastName FROM Contact WHERE Department LIKE '{:like}%'", hostile[:-2]),
        format_soql(
            "SELECT LastName FROM Contact WHERE CreatedDate <= {} AND LastName = 'Lang'", _now(org)
        ),
    ]
    assert [rows(org.product.query(query), "LastName") for query in queries] == [[("Lang",)]] * 4


def test_the_smaller_functions_work(org: LiveOrg) -> None:
    """They are the sandbox flag, basic metadata, limits and usage."""
    client = org.product
    assert client.is_sandbox() is False
    assert client.Lead.metadata()["objectDescribe"]["keyPrefix"] == "00Q"
    client.restful("limits")
    assert client.api_usage["api-usage"].total == 100_000  # type: ignore[union-attr]
    assert client.toolingexecute("query?q=SELECT+Id+FROM+CustomField")["totalSize"] == 0


def test_get_by_custom_id_finds_a_taken_key(org: LiveOrg) -> None:
    """A standard lookup field such as the e-mail address works as a key, too."""
    record_id = org.product.Contact.create({"LastName": "Lang", "Email": "f@x.test"})["id"]
    assert org.product.Contact.get_by_custom_id("Email", "F@x.test")["Id"] == record_id
    assert org.product.Contact.upsert("Email/f@x.test", {"FirstName": "Fritz"}) == 200

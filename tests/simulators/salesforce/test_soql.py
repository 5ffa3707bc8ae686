"""SOQL: what conditions find, the shape of results, and the text of refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from simple_salesforce.exceptions import SalesforceMalformedRequest

from simulators.salesforce.times import event_text
from tests.simulators.salesforce.orgs import LiveOrg, lead, quoted, rows, soql, start

WORLD = {
    "users": [{"Name": "Olga Owner", "Email": "olga@x.test"}],
    "queues": [{"Name": "Inbound"}],
    "custom_fields": {
        "Lead": [
            {"name": "Hub_Id__c", "type": "string", "length": 32, "externalId": True, "unique": True},
            {"name": "Score__c", "type": "double"},
            {"name": "Since__c", "type": "date"},
        ]
    },
    "records": [
        {"type": "Account", "ref": "acme", "Name": "Acme", "Industry": "Energy"},
        {"type": "Account", "ref": "zeta", "Name": "Zeta"},
        {"type": "Contact", "ref": "c1", "LastName": "Child", "AccountId": "@acme", "Email": "child@x.test"},
        {"type": "Contact", "LastName": "Orphan"},
        {"type": "Lead", "LastName": "Ada", "Company": "A", "Email": "ada@x.test", "Score__c": 1, "Since__c": "2026-01-01",
         "CreatedDate": "2026-01-01T00:00:00Z", "Hub_Id__c": "h1", "City": "Ulm"},
        {"type": "Lead", "LastName": "Bob", "Company": "B", "Email": "Bob@X.test", "Score__c": 2, "HasOptedOutOfEmail": True,
         "CreatedDate": "2026-02-01T00:00:00Z", "FirstName": "100%_sure"},
        {"type": "Lead", "LastName": "Cyd", "Company": "C", "Score__c": 10, "Since__c": "2026-03-01",
         "CreatedDate": "2026-03-01T00:00:00Z", "FirstName": "O'Neil \\ Co"},
        {"type": "Opportunity", "ref": "deal", "Name": "Deal", "StageName": "Closed Won", "CloseDate": "2026-05-01", "AccountId": "@acme",
         "Amount": 100},
        {"type": "Opportunity", "Name": "Try", "StageName": "Prospecting", "CloseDate": "2026-06-01", "AccountId": "@acme", "Amount": 50},
        {"type": "OpportunityContactRole", "OpportunityId": "@deal", "ContactId": "@c1", "Role": "Influencer", "IsPrimary": True},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def crm() -> Iterator[LiveOrg]:
    """An org with a few records, which tests only read."""
    org = start(WORLD)
    yield org
    org.close()


def _names(org: LiveOrg, condition: str) -> list[str]:
    return [
        name
        for (name,) in rows(
            org.product.query(
                soql("SELECT LastName FROM Lead WHERE", condition, "ORDER BY LastName")
            ),
            "LastName",
        )
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Email = 'ADA@x.test'", ["Ada"]),
        ("Email != 'ada@x.test'", ["Bob", "Cyd"]),
        ("Email = null", ["Cyd"]),
        ("Email = ''", ["Cyd"]),
        ("Email != null", ["Ada", "Bob"]),
        ("Email IN ('ada@x.test', 'BOB@x.test', 'nobody@x.test')", ["Ada", "Bob"]),
        ("Email IN ('ada@x.test', null)", ["Ada", "Cyd"]),
        ("Email NOT IN ('ada@x.test')", ["Bob", "Cyd"]),
        ("LastName LIKE '%B%'", ["Bob"]),
        ("LastName LIKE '_d_'", ["Ada"]),
        (r"FirstName LIKE '100\%\_%'", ["Bob"]),
        ("FirstName LIKE '100_s%'", []),
        ("(NOT LastName LIKE 'a%')", ["Bob", "Cyd"]),
        (r"FirstName = 'O\'Neil \\ Co'", ["Cyd"]),
        ("Score__c > 1", ["Bob", "Cyd"]),
        ("Score__c >= 2.0 AND Score__c < 10", ["Bob"]),
        ("Score__c IN (1, 10)", ["Ada", "Cyd"]),
        ("HasOptedOutOfEmail = TRUE", ["Bob"]),
        ("HasOptedOutOfEmail != true", ["Ada", "Cyd"]),
        ("Since__c >= 2026-02-01", ["Cyd"]),
        ("CreatedDate > 2026-01-15T00:00:00Z", ["Bob", "Cyd"]),
        ("CreatedDate >= 2026-02-01T01:00:00+01:00", ["Bob", "Cyd"]),
        ("SystemModstamp = 2026-03-01T00:00:00.000Z", ["Cyd"]),
        (
            "(SystemModstamp = 2026-02-01T00:00:00Z AND Id > '00Q000000000001EAA') OR SystemModstamp > 2026-02-01T00:00:00Z",
            ["Bob", "Cyd"],
        ),
        ("CreatedDate < LAST_N_DAYS:2", ["Ada", "Bob", "Cyd"]),
        ("CreatedDate = TODAY", []),
        ("LastName = 'Ada' OR LastName = 'Cyd'", ["Ada", "Cyd"]),
        ("NOT (LastName = 'Ada' OR Score__c = 10)", ["Bob"]),
        ("Hub_Id__c = 'H1' and (email LIKE 'ada%' or score__c = 5)", ["Ada"]),
        ("City = 'ulm'", ["Ada"]),
        ("Owner.Name = 'Pat Person'", ["Ada", "Bob", "Cyd"]),
        ("OwnerId IN (SELECT Id FROM User WHERE Email = 'olga@x.test')", []),
        ("Id = '00Q000000000001'", []),
    ],
)
def test_a_condition_finds_its_records(crm: LiveOrg, condition: str, found: list[str]) -> None:
    """Text is compared in any case, null equals only null, and indexes change no result."""
    assert _names(crm, condition) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT LastName FROM Lead ORDER BY Score__c DESC", ["Cyd", "Bob", "Ada"]),
        ("SELECT LastName FROM Lead ORDER BY Email", ["Cyd", "Ada", "Bob"]),
        ("SELECT LastName FROM Lead ORDER BY Email DESC NULLS LAST", ["Bob", "Ada", "Cyd"]),
        (
            "SELECT LastName FROM Lead ORDER BY HasOptedOutOfEmail, Score__c DESC",
            ["Cyd", "Ada", "Bob"],
        ),
        ("SELECT LastName FROM Lead ORDER BY LastName LIMIT 1 OFFSET 1", ["Bob"]),
        ("select l.LastName from Lead l where l.Score__c = 1", ["Ada"]),
    ],
)
def test_order_limit_and_alias(crm: LiveOrg, text: str, expected: list[str]) -> None:
    """Nulls come first by default; LIMIT and OFFSET apply after the order."""
    assert [record["LastName"] for record in crm.product.query(text)["records"]] == expected


def test_parents_are_nested_and_may_be_null(crm: LiveOrg) -> None:
    """A path returns its parent as an object with attributes, or null."""
    result = crm.product.query(
        "SELECT LastName, Account.Name, Account.Owner.Name FROM Contact ORDER BY LastName"
    )
    account = crm.product.query("SELECT Id, OwnerId FROM Account WHERE Name = 'Acme'")["records"][0]
    child, orphan = result["records"]
    assert child["Account"] == {
        "attributes": {
            "type": "Account",
            "url": f"/services/data/v66.0/sobjects/Account/{account['Id']}",
        },
        "Name": "Acme",
        "Owner": {
            "attributes": {
                "type": "User",
                "url": f"/services/data/v66.0/sobjects/User/{account['OwnerId']}",
            },
            "Name": "Pat Person",
        },
    }
    assert orphan["Account"] is None


def test_children_are_limited_and_sorted_for_each_parent(org: LiveOrg) -> None:
    """The LIMIT of a sub-query applies to each parent separately, after its own ORDER BY."""
    accounts = [org.product.Account.create({"Name": f"A{number}"})["id"] for number in range(2)]
    for account in accounts:
        for name in ("Adam", "Cleo", "Bert"):
            org.product.Contact.create({"LastName": name, "AccountId": account})
    text = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 2) FROM Account ORDER BY Name"
    found = org.product.query(text)["records"]
    assert [rows(one["Contacts"], "LastName") for one in found] == [[("Cleo",), ("Bert",)]] * 2


def test_children_are_a_nested_query_result(crm: LiveOrg) -> None:
    """A sub-query returns the children of each row, null if there are none."""
    result = crm.product.query(
        "SELECT Name, (SELECT Role, IsPrimary FROM OpportunityContactRoles) FROM Opportunity ORDER BY Name"
    )
    roles = [record["OpportunityContactRoles"] for record in result["records"]]
    assert roles[1] is None
    assert (roles[0]["totalSize"], roles[0]["done"], rows(roles[0], "Role", "IsPrimary")) == (
        1,
        True,
        [("Influencer", True)],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT COUNT(Id) FROM Lead", [{"expr0": 3}]),
        ("SELECT COUNT(Email) n, MAX(Score__c) top FROM Lead", [{"n": 2, "top": 10.0}]),
        ("SELECT MIN(CreatedDate) first FROM Lead", [{"first": "2026-01-01T00:00:00.000+0000"}]),
        ("SELECT StageName, SUM(Amount) total FROM Opportunity GROUP BY StageName ORDER BY StageName",
         [{"StageName": "Closed Won", "total": 100.0}, {"StageName": "Prospecting", "total": 50.0}]),
        ("SELECT MAX(SystemModstamp) last FROM Task", [{"last": None}]),
    ],
)  # fmt: skip
def test_aggregates_return_groups(crm: LiveOrg, text: str, expected: list[dict[str, Any]]) -> None:
    """Functions without alias are expr0, expr1; every row is an AggregateResult."""
    records = crm.product.query(text)["records"]
    assert records == [{"attributes": {"type": "AggregateResult"}} | row for row in expected]


def test_a_plain_count_is_only_a_total(crm: LiveOrg) -> None:
    """SELECT COUNT() returns totalSize and no records."""
    assert crm.product.query("SELECT COUNT() FROM Lead WHERE Score__c > 1") == {
        "totalSize": 2,
        "done": True,
        "records": [],
    }


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (
            "SELECT Nothing FROM Lead",
            "INVALID_FIELD",
            "Row:1:Column:8\nNo such column 'Nothing' on entity 'Lead'.",
        ),
        (
            "SELECT Id FROM Leed",
            "INVALID_TYPE",
            "Row:1:Column:16\nsObject type 'Leed' is not supported.",
        ),
        (
            "SELECT Id FROM Lead WHERE Foo.Bar = 1",
            "INVALID_FIELD",
            "Didn't understand relationship 'Foo' in field path.",
        ),
        (
            "SELECT Id FROM Lead WHERE Email = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Lead WHERE Score__c = '5'",
            "INVALID_FIELD",
            "must be of type double and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Lead WHERE CreatedDate > '2026'",
            "INVALID_FIELD",
            "must be of type dateTime",
        ),
        (
            "SELECT Id FROM Lead WHERE OwnerId = 'me'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: me",
        ),
        (
            "SELECT Id FROM Lead WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE Email = 'x", "MALFORMED_QUERY", "unexpected token: '''"),
        (
            "SELECT Id FROM Lead WHERE Email = 'a' OR Email = 'b' AND Email = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'AND'",
        ),
        ("SELECT Id FROM Lead ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        (
            "SELECT COUNT(Id), LeadSource FROM Lead GROUP BY LeadSource HAVING COUNT(Id) > 100",
            "MALFORMED_QUERY",
            "unexpected token: 'HAVING'",
        ),
        (
            "SELECT Id FROM Lead WHERE Email = 'a' Email = 'b'",
            "MALFORMED_QUERY",
            "unexpected token: 'Email'",
        ),
        (
            r"SELECT Id FROM Lead WHERE Email = 'a\x'",
            "MALFORMED_QUERY",
            "Illegal character sequence",
        ),
        (
            "SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01T00:00:00",
            "MALFORMED_QUERY",
            "unexpected token",
        ),
        ("DELETE FROM Lead", "MALFORMED_QUERY", "expecting 'SELECT', found 'DELETE'"),
        (
            "SELECT LastName, COUNT(Id) FROM Lead",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: LastName",
        ),
        (
            "SELECT IsPersonAccount FROM Account",
            "INVALID_FIELD",
            "No such column 'IsPersonAccount' on entity 'Account'.",
        ),
        (
            "SELECT Id FROM CustomField",
            "INVALID_TYPE",
            "sObject type 'CustomField' is not supported.",
        ),
    ],
)
def test_an_invalid_query_is_refused_with_its_place(
    crm: LiveOrg, text: str, code: str, words: str
) -> None:
    """Every refusal has its code and the place in the query."""
    with pytest.raises(SalesforceMalformedRequest) as caught:
        crm.product.query(text)
    (error,) = caught.value.content
    assert error["errorCode"] == code
    assert words in error["message"]


def test_every_field_at_once_needs_a_limit(crm: LiveOrg) -> None:
    """FIELDS(ALL) works with a limit of at most 200."""
    (record,) = crm.product.query("SELECT FIELDS(ALL) FROM Lead WHERE LastName = 'Ada' LIMIT 1")[
        "records"
    ]
    assert (record["Hub_Id__c"], record["Company"]) == ("h1", "A")
    with pytest.raises(SalesforceMalformedRequest, match="LIMIT"):
        crm.product.query("SELECT FIELDS(ALL) FROM Lead")


def test_an_url_of_more_than_16_kb_is_refused(crm: LiveOrg) -> None:
    """A long IN list must be split into several queries."""
    listed = ",".join(f"'{number:020}@x.test'" for number in range(600))
    assert (
        crm.call("GET", f"/query?q=SELECT+Id+FROM+Lead+WHERE+Email+IN+({listed})").status_code
        == 414
    )


def test_pages_show_the_moment_of_the_query(org: LiveOrg) -> None:
    """The batch size is at least 200; nextRecordsUrl leads through all rows, unaffected by later
    writes.
    """
    for start_at in (0, 200):
        records = [
            {"attributes": {"type": "Lead"}} | lead(LastName=f"L{number:03}")
            for number in range(start_at, start_at + 200)
        ]
        org.product.restful("composite/sobjects", method="POST", json={"records": records})
    options = {"Sforce-Query-Options": "batchSize=1"}
    first = org.product.query("SELECT LastName FROM Lead ORDER BY LastName", headers=options)
    assert (first["totalSize"], first["done"], len(first["records"])) == (400, False, 200)
    org.product.restful(f"sobjects/Lead/{_id_of(org, 'L399')}", method="DELETE")
    second = org.product.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (second["totalSize"], second["done"], len(second["records"])) == (400, True, 200)
    assert second["records"][-1]["LastName"] == "L399"


def test_query_all_sees_the_recycle_bin(org: LiveOrg) -> None:
    """Deleted records are returned by query-all only."""
    record_id = org.product.Lead.create(lead())["id"]
    org.product.Lead.delete(record_id)
    text = "SELECT Id, IsDeleted FROM Lead"
    assert org.product.query(text)["totalSize"] == 0
    assert rows(org.product.query(text, include_deleted=True), "Id", "IsDeleted") == [
        (record_id, True)
    ]


def test_a_cursor_expires_after_two_days(org: LiveOrg) -> None:
    """Afterwards the next page is INVALID_QUERY_LOCATOR, as for an invented cursor."""
    for _ in range(2):
        records = [{"attributes": {"type": "Lead"}} | lead() for _ in range(150)]
        org.product.restful("composite/sobjects", method="POST", json={"records": records})
    page = org.product.query(
        "SELECT Id FROM Lead", headers={"Sforce-Query-Options": "batchSize=200"}
    )
    assert (
        len(org.product.query_more(page["nextRecordsUrl"], identifier_is_url=True)["records"])
        == 100
    )
    org.clock.advance(2 * 86_400)
    for url in (page["nextRecordsUrl"], "/services/data/v66.0/query/01gxx0000000001AAA-2000"):
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
            org.product.query_more(url, identifier_is_url=True)


def test_changes_since_a_moment_are_found_by_their_timestamp(org: LiveOrg) -> None:
    """A poll by SystemModstamp returns later changes of every record."""
    old = org.product.Lead.create(lead(LastName="Old"))["id"]
    org.product.Lead.create(lead(LastName="Quiet"))
    org.clock.advance(100)
    since = event_text(org.clock.now_ms() - 50_000)
    org.product.Lead.update(old, {"FirstName": "New"})
    result = org.product.query(
        soql("SELECT Name FROM Lead WHERE SystemModstamp >=", since, "ORDER BY SystemModstamp, Id")
    )
    assert rows(result, "Name") == [("New Old",)]


def _id_of(org: LiveOrg, last_name: str) -> str:
    return str(
        org.product.query(soql("SELECT Id FROM Lead WHERE LastName =", quoted(last_name)))[
            "records"
        ][0]["Id"]
    )


@pytest.mark.parametrize(
    ("condition", "order"),
    [
        ("SystemModstamp >= {since}", "SystemModstamp, Id"),
        ("SystemModstamp > {since}", "SystemModstamp, LastName DESC"),
        ("SystemModstamp >= {since} AND Company = 'A'", "SystemModstamp, Id"),
        ("SystemModstamp >= {since} AND SystemModstamp < {until}", "SystemModstamp, Id"),
        ("SystemModstamp >= {since} AND Email = 'lead3@example.com'", "SystemModstamp, Id"),
        ("SystemModstamp >= {since}", "SystemModstamp DESC, Id"),
    ],
)
def test_a_limited_query_returns_the_oldest_records(
    org: LiveOrg, condition: str, order: str
) -> None:
    """That is so however many rows share a timestamp, and with any other condition."""
    moments = []
    for second in range(4):
        moments.append(event_text(org.clock.now_ms()))
        for number in range(5):
            email = f"lead{number}@example.com"
            org.person.Lead.create(
                lead(LastName=f"{second}.{number}", Company="AB"[number % 2], Email=email)
            )
        org.clock.advance(2)
    asked = condition.format(since=moments[1], until=moments[3])
    text = soql("SELECT LastName FROM Lead WHERE", asked, "ORDER BY", order)
    whole = rows(org.product.query(text), "LastName")
    places = ((1, 0), (3, 0), (7, 0), (100, 0), (4, 3))
    pages = [
        rows(org.product.query(f"{text} LIMIT {limit} OFFSET {offset}"), "LastName")
        for limit, offset in places
    ]
    assert whole
    assert pages == [whole[offset : offset + limit] for limit, offset in places]

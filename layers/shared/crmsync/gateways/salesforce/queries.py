"""Queries to Salesforce, lists of deleted records and descriptions, and how several of them share
one call.

Law: every value in SOQL is inserted by `format_soql`. Names of objects and fields come from our own
tables and from checked settings; they are checked once more here, as SOQL cannot quote a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote, urlencode

from crmsync.errors import Refused, SyncError
from crmsync.gateways.salesforce.errors import call_error
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import (
    ACCOUNT,
    EVENT,
    LEAD,
    OPPORTUNITY_STAGE,
    RECORD_TYPE,
    SALESFORCE_CONTACT,
    TASK,
)
from crmsync.model.kinds.emails import normalise_email

ROW_FIELDS = ("Id", "CreatedDate", "LastModifiedDate", "LastModifiedById")
"""Read with every record: who changed it, and when."""

PAGE = 2000
PARTS_PER_CALL = 25
QUERIES_PER_CALL = 5
"""A composite call may have 25 sub-requests, only five of which may be queries; sObject resources
do not count as queries [D].
"""

LONGEST_URI = 14_000
"""Characters of an encoded query; Salesforce allows about 16,000."""

WIDE = LONGEST_URI // 2
"""Characters of field names in an encoded query. Where more are wanted, records are searched for
without them and then read by id.
"""

ACTIVITIES = frozenset({TASK, EVENT})
"""Salesforce archives old ones: only queryAll returns those, along with the recycle bin [D]."""

EXTRA = {LEAD: " AND IsConverted = false"} | dict.fromkeys(ACTIVITIES, " AND IsDeleted = false")
"""What a query leaves out: a converted lead has become a contact, which has the same address; tasks
and events are asked for together with the recycle bin.
"""

MIN_ID = "000000000000000AAA"
"""An id that sorts before every record id."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Query:
    """One query.

    Attributes:
        soql: Its text.
        object: The object that it reads.
        fields: The fields that the caller wants.
        deleted_too: Whether it also reads the recycle bin.
    """

    soql: str
    object: str
    fields: tuple[str, ...] = ()
    deleted_too: bool = False

    ROWS: ClassVar[str] = "records"

    @property
    def path(self) -> str:
        """The resource, below the path of the REST API."""
        resource = "queryAll" if self.deleted_too else "query"
        return f"{resource}/?q={quote(self.soql, safe='')}"


@dataclass(frozen=True, slots=True)
class Deletions:
    """The list of an object's records that were deleted between two moments (sObject Get
    Deleted).
    """

    object: str
    start: datetime
    end: datetime

    ROWS: ClassVar[str] = "deletedRecords"

    @property
    def path(self) -> str:
        """The resource, below the path of the REST API."""
        window = {
            "start": self.start.isoformat(timespec="seconds"),
            "end": self.end.isoformat(timespec="seconds"),
        }
        return f"sobjects/{checked(self.object)}/deleted/?{urlencode(window)}"


@dataclass(frozen=True, slots=True)
class Description:
    """The fields of an object that are visible to us (sObject Describe)."""

    object: str

    ROWS: ClassVar[str] = "fields"

    @property
    def path(self) -> str:
        """The resource, below the path of the REST API."""
        return f"sobjects/{checked(self.object)}/describe"


Question = TypeVar("Question", bound=Query | Deletions | Description)


def by_email(name: str, fields: tuple[str, ...], emails: Iterable[str]) -> Iterator[Query]:
    """Queries for the records that have one of the addresses."""
    wanted = [
        email
        for email in dict.fromkeys(normalise_email(email) for email in emails if email)
        if _is_queryable(email)
    ]
    columns = ", ".join(checked(one) for one in dict.fromkeys((*ROW_FIELDS, *fields)))
    form = "SELECT {columns:literal} FROM {name:literal} WHERE Email IN {emails}{extra:literal}"
    extra = EXTRA.get(name, "")

    def query(part: list[str]) -> Query:
        return Query(
            format_soql(form, columns=columns, name=checked(name), emails=part, extra=extra),
            name,
            fields,
        )

    return packed(wanted, query, lambda email: format_soql("{},", email))


def masters(name: str, ids: Iterable[str]) -> Iterator[Query]:
    """Queries for whether records are deleted and, after a merge, which record they were merged
    into; they include the recycle bin.
    """
    form = "SELECT Id, IsDeleted, MasterRecordId FROM {name:literal} WHERE Id IN {ids}"

    def query(part: list[str]) -> Query:
        return Query(format_soql(form, name=checked(name), ids=part), name, deleted_too=True)

    return packed(list(ids), query, lambda one: format_soql("{},", one))


def by_key(
    name: str, field: str, keys: Iterable[str], *, deleted_too: bool = False
) -> Iterator[Query]:
    """Queries for records by our field, with `deleted_too` also in the recycle bin."""
    form = (
        "SELECT Id, IsDeleted, {field:literal} FROM {name:literal} WHERE {field:literal} IN {keys}"
    )

    def query(part: list[str]) -> Query:
        soql = format_soql(form, field=checked(field), name=checked(name), keys=part)
        return Query(soql, name, deleted_too=deleted_too)

    return packed(list(keys), query, lambda key: format_soql("{},", key))


def tasks_by_key(field: str, keys: Iterable[str], since: date | None) -> Iterator[Query]:
    """Queries for the tasks that have one of the keys and were created on a day or later; they
    include the recycle bin.

    Salesforce may not have an index on the field; the day limits what it has to read.
    """
    made = f"AND CreatedDate >= {since:%Y-%m-%d}T00:00:00Z " if since else ""
    form = (
        "SELECT Id, {field:literal} FROM Task WHERE {field:literal} IN {keys} {made:literal}"
        "ORDER BY CreatedDate, Id"
    )

    def query(part: list[str]) -> Query:
        return Query(
            format_soql(form, field=checked(field), keys=part, made=made), TASK, deleted_too=True
        )

    return packed(list(keys), query, lambda key: format_soql("{},", key))


def by_account(accounts: Iterable[str]) -> Iterator[Query]:
    """Queries for the contacts of the accounts."""
    form = "SELECT Id, AccountId FROM Contact WHERE AccountId IN {ids}"

    def query(part: list[str]) -> Query:
        return Query(format_soql(form, ids=part), SALESFORCE_CONTACT)

    return packed(list(accounts), query, lambda one: format_soql("{},", one))


BEGINNINGS = ("", "www.", "http://", "http://www.", "https://", "https://www.")
"""What may precede the domain in ``Account.Website``, which people type by hand."""


LIKES = 120
"""Conditions in one query; Salesforce refuses queries that are too complex, but does not document
the limit [M].
"""


def by_website(domains: Iterable[str], *, person_accounts: bool) -> Iterator[Query]:
    """Queries for the business accounts whose website begins with one of the domains. A longer host
    name may begin with it, too.

    `person_accounts` says whether the org has person accounts; if not, the column that marks them
    does not exist.
    """
    no_persons = " AND IsPersonAccount = false" if person_accounts else ""
    starts = [start + domain for domain in domains for start in BEGINNINGS]

    def query(part: list[str]) -> Query:
        likes = " OR ".join(format_soql("Website LIKE '{:like}%'", start) for start in part)
        soql = f"SELECT Id, Website FROM Account WHERE ({likes}){no_persons} ORDER BY Id"  # noqa: S608 - escaped above
        return Query(soql, ACCOUNT)

    return packed(
        starts, query, lambda start: format_soql(" OR Website LIKE '{:like}%'", start), most=LIKES
    )


USERS = Query(
    "SELECT Id, Name, Email, IsActive, UserType FROM User"
    " WHERE UserType IN ('Standard', 'PowerPartner', 'Guest') ORDER BY Id",
    "User",
)
QUEUES = Query("SELECT Id, Name FROM Group WHERE Type = 'Queue' ORDER BY Id", "Group")
"""Queues may own records, too (OWN-1)."""


def packed(
    wanted: list[str],
    query: Callable[[list[str]], Query],
    piece: Callable[[str], str],
    most: int = PAGE,
) -> Iterator[Query]:
    """As few queries as the length of a URI allows, each with at most `most` values; `piece` is the
    text that a value adds to a query.
    """
    room = LONGEST_URI - len(quote(query([]).soql, safe=""))
    part: list[str] = []
    used = 0
    for value in wanted:
        size = len(quote(piece(value), safe=""))
        if part and (used + size > room or len(part) == most):
            yield query(part)
            part, used = [], 0
        part.append(value)
        used += size
    if part:
        yield query(part)


NEVER_DELETED = frozenset({OPPORTUNITY_STAGE, RECORD_TYPE})
"""Setup objects, which have no recycle bin and no ``IsDeleted``."""

OURS = {RECORD_TYPE: " AND SobjectType = 'Opportunity'"}
"""Conditions for objects of which only some records matter to us."""

_CHANGED = (
    "SELECT {columns:literal} FROM {name:literal}"
    " WHERE SystemModstamp {operator:literal} {moment}{extra:literal}"
)


def modified_since(
    name: str, moment: datetime, *, limit: int = PAGE, operator: str = ">="
) -> Query:
    """A page of records modified at or after (with ">": after) a moment, oldest first, including
    the recycle bin.
    """
    order = format_soql(" ORDER BY SystemModstamp, Id LIMIT {limit}", limit=limit)
    return _changed(name, operator, moment, order)


def of_stamp(name: str, moment: datetime, after_id: str, *, limit: int = PAGE) -> Query:
    """A page of records modified at exactly this moment, by id, after an id ("" = from the
    first).
    """
    form = " AND Id > {after_id} ORDER BY Id LIMIT {limit}"
    return _changed(name, "=", moment, format_soql(form, after_id=after_id or MIN_ID, limit=limit))


def _changed(name: str, operator: str, moment: datetime, rest: str) -> Query:
    columns = "Id, SystemModstamp" + ("" if name in NEVER_DELETED else ", IsDeleted")
    extra = OURS.get(name, "") + rest
    soql = format_soql(
        _CHANGED,
        columns=columns,
        name=checked(name),
        operator=operator,
        moment=moment,
        extra=extra,
    )
    return Query(soql, name, deleted_too=True)


def run(
    session: SalesforceSession,
    questions: Sequence[Question],
    refused: list[SyncError] | None = None,
) -> Iterator[tuple[Question, list[dict[str, Any]]]]:
    """Each question with all its rows, in order; five queries per call, with other questions in the
    same call. Further pages of long results are read.

    Raises `SyncError` for the first one that fails. With `refused`, errors of the kind `Refused`
    are appended to it instead, and the others continue. A description that fails is left out.
    """
    for part in _calls(questions):
        requests = [
            {"method": "GET", "referenceId": f"q{at}", "url": f"{session.data_path}/{one.path}"}
            for at, one in enumerate(part)
        ]
        answer = session.call(
            "POST", "composite", body={"allOrNone": False, "compositeRequest": requests}
        )
        by_reference = {one["referenceId"]: one for one in answer["compositeResponse"]}
        for at, question in enumerate(part):
            try:
                rows = _rows(session, by_reference[f"q{at}"], question.ROWS)
            except SyncError as error:
                if isinstance(question, Description):
                    continue
                if refused is None or not isinstance(error, Refused):
                    raise
                refused.append(error)
                continue
            yield question, rows


def _calls(questions: Iterable[Question]) -> Iterator[list[Question]]:
    part: list[Question] = []
    queries = 0
    for one in questions:
        is_query = isinstance(one, Query)
        if len(part) == PARTS_PER_CALL or (is_query and queries == QUERIES_PER_CALL):
            yield part
            part, queries = [], 0
        part.append(one)
        if is_query:
            queries += 1
    if part:
        yield part


def _rows(session: SalesforceSession, answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    if answer["httpStatusCode"] != 200:  # noqa: PLR2004 - OK
        raise call_error(answer["httpStatusCode"], answer["body"])
    page = answer["body"]
    rows = list(page[name])
    while not page.get("done", True):
        page = session.call(
            "GET", page["nextRecordsUrl"].removeprefix(session.data_path).lstrip("/")
        )
        rows.extend(page[name])
    return rows


def _is_queryable(email: str) -> bool:
    """Whether a query may contain the address: no stored address has control characters or broken
    Unicode.
    """
    return bool(email) and email.isprintable()


def checked(name: str) -> str:
    """The name, if it can be the name of an object or a field. Raises `Refused`."""
    if not _NAME.fullmatch(name):
        raise Refused(
            "A Salesforce name has letters, digits and underscores only.",
            code="INVALID_FIELD",
            fieldname=name,
        )
    return name


def is_wide(fields: Iterable[str]) -> bool:
    """Whether these fields take too much room in a query; ", " has six characters there."""
    return sum(len(field) + len("%2C%20") for field in fields) > WIDE

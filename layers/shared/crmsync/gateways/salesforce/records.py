"""The records of one Salesforce org, and which of them changed lately.

Law: this module decides which rows are written and how records are read. How rows share calls is
`writing`, login and transport are `session`, queries are `queries`, the meaning of refusals is
`errors`. Facts and limits: docs/vendors.md#salesforce-rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmsync.errors import Conflict, SyncError
from crmsync.gateways.aws.secrets import Secret
from crmsync.gateways.retry import RetryPolicy, chunks
from crmsync.gateways.salesforce.errors import (
    DOUBLE,
)
from crmsync.gateways.salesforce.hosts import LoginUrl
from crmsync.gateways.salesforce.ids import is_id
from crmsync.gateways.salesforce.objects.accounts import (
    PersonAccounts,
    accounts_by_domain,
    contacts_of,
    leads_of,
)
from crmsync.gateways.salesforce.queries import (
    ACTIVITIES,
    PAGE,
    ROW_FIELDS,
    by_email,
    by_key,
    is_wide,
    run,
)
from crmsync.gateways.salesforce.reading import rows_of_activities
from crmsync.gateways.salesforce.rows import (
    CONVERSION,
    FIXED,
    Write,
    change,
    creation,
    record,
    update_of,
)
from crmsync.gateways.salesforce.rule_texts import RuleTexts
from crmsync.gateways.salesforce.session import (
    API_VERSION,
    Login,
    SalesforceSession,
    Token,
)
from crmsync.gateways.salesforce.survivors import survivors
from crmsync.gateways.salesforce.sweep import SalesforceSweep
from crmsync.gateways.salesforce.writing import INSERT, INSERT_ASSIGNED, UPDATE, RowWriter
from crmsync.model.effects import CreateRecord, UpdateRecord
from crmsync.model.kinds.places import Places
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Record, Ref, Side
from crmsync.ports.crm import Fields, Outcome
from crmsync.ports.listing import ChangedRecord, Show

READ_BATCH = 2000


class SalesforceGateway:
    """Implements `Crm`, `Survivors`, `Accounts` and `Sweeper` for one Salesforce org."""

    def __init__(
        self,
        login_url: str | LoginUrl,
        secret: Secret,
        *,
        now: Callable[[], float],
        version: str = API_VERSION,
        retry_policy: RetryPolicy | None = None,
        page: int = PAGE,
        allow_duplicates: bool = False,
    ) -> None:
        """Log in at `login_url` with `secret`; `now` gives seconds since the epoch; `page` is the
        number of records per page of a sweep.

        With `allow_duplicates`, records are saved although a duplicate rule alerts.
        """
        self._session = SalesforceSession(
            Login(login_url, secret, now=now),
            version=version,
            retry_policy=retry_policy,
            allow_duplicates=allow_duplicates,
        )
        self._sweep = SalesforceSweep(self._session, page=page, now=now)
        self._persons = PersonAccounts(self._session)
        self._writer = RowWriter(self._session, RuleTexts(self._session, now), now)

    @property
    def session(self) -> SalesforceSession:
        """The session, which the org's other gateways share."""
        return self._session

    def identity(self) -> Token:
        """The org, and the user that we act as. Raises `SyncError`.

        They show which changes are our own, and whether the credentials belong to another org.
        """
        return self._session.identity()

    def read(
        self,
        refs: Iterable[Ref],
        fields: Fields,
        *,
        history: bool = False,  # noqa: ARG002 - Salesforce has no history that could be read with records
    ) -> Mapping[Ref, Record]:
        """Read records by id, 2,000 per call and object, tasks and events as `reading` says;
        `history` adds nothing. A converted lead has the contact that it became as its `successor`
        (DUP-26). Raises `Refused` for a field that does not exist or is not visible to us, else
        `SyncError`.
        """
        found: dict[Ref, Record] = {}
        for name, ids in _by_object(refs).items():
            wanted = tuple(fields.get(name, ()))
            columns = list(dict.fromkeys((*ROW_FIELDS, *CONVERSION.get(name, ()), *wanted)))
            for row in self._rows(name, ids, columns):
                one = record(name, row, wanted)
                found[one.ref] = one
        return found

    def find(self, emails: Iterable[str], fields: Fields) -> Sequence[Record]:
        """Records by e-mail address, without converted leads; five queries per call. They are read
        from the database, not from the search index. Raises `SyncError`.

        With very many fields a query has little room for addresses: such records are found first
        and then read by id, 2,000 per call.
        """
        wide = {name for name, wanted in fields.items() if is_wide(wanted)}
        queries = [
            query
            for name, wanted in fields.items()
            for query in by_email(name, () if name in wide else tuple(wanted), emails)
        ]
        found: dict[Ref, Record] = {}
        for query, rows in run(self._session, queries):
            for row in rows:
                one = record(query.object, row, query.fields)
                found[one.ref] = one
        whole = self.read([ref for ref in found if ref.object in wide], fields)
        return [
            whole.get(ref, one)
            for ref, one in found.items()
            if ref.object not in wide or (ref in whole and not whole[ref].successor)
        ]

    def made_by(self, keys: Mapping[str, Sequence[str]]) -> Mapping[str, Ref]:
        """The records that have these values in our external id, five queries per call; of several
        one that is not in the recycle bin. Raises `SyncError`.
        """
        queries = [
            query
            for name, some in keys.items()
            for query in by_key(name, SALESFORCE_KEY, some, deleted_too=True)
        ]
        found = [(row, query) for query, rows in run(self._session, queries) for row in rows]
        found.sort(key=lambda one: not one[0]["IsDeleted"])
        return {
            str(row[SALESFORCE_KEY]): Ref(Side.SALESFORCE, query.object, str(row["Id"]))
            for row, query in found
        }

    def survivors(self, refs: Iterable[Ref]) -> Mapping[Ref, Ref]:
        """The record that each merged record was merged into, within 15 days of the merge; none if
        that one is deleted. One call per merge in a row. Raises `SyncError`.
        """
        return survivors(self._session, refs)

    def accounts_by_domain(self, domains: Iterable[str]) -> Mapping[str, str]:
        """The only business account of each domain (CH-12), a hundred domains per call.

        Raises `SyncError`.
        """
        return accounts_by_domain(self._session, domains, self._persons)

    def contacts_of(self, accounts: Iterable[str]) -> Mapping[str, tuple[Ref, ...]]:
        """The contacts of each account (DUP-2), hundreds of accounts per query and five queries per
        call. Raises `SyncError`.
        """
        return contacts_of(self._session, accounts)

    def leads_of(self, contacts: Iterable[Ref]) -> Mapping[Ref, tuple[Ref, ...]]:
        """The leads that were converted to each contact (DUP-26), hundreds of contacts per query
        and five queries per call. Raises `SyncError`.
        """
        return leads_of(self._session, contacts)

    def has_person_accounts(self) -> bool:
        """Whether the org has person accounts (PA-1); one call the first time. Raises
        `SyncError`.
        """
        return self._persons.are_on()

    def places(self) -> Places | None:
        """The org's countries and states; one call the first time. None if addresses may have any
        text. Raises `SyncError`.
        """
        return self._persons.places()

    def create(self, effects: Sequence[CreateRecord]) -> Sequence[Outcome]:
        """Insert under our unique external id: 200 per call, tasks and events up to 1,000. A key
        that is taken is a `Conflict`: another worker, or an earlier call whose response was lost,
        has made the record, and an upsert would write over what people have edited since.

        Not every org may keep a field of tasks and events unique, so a call that creates them is
        not repeated here if it may have been applied: `made_by` finds what it has made.

        Records whose owner is chosen by assignment rules (OWN-9, PLT-1) go in calls of their own. A
        record with `FIXED` fields has nothing else that people could edit; if it exists, it is
        updated without these.
        """
        writes = [creation(at, effect) for at, effect in enumerate(effects)]
        assigned = [write for write in writes if effects[write.at].assign]
        others = [write for write in writes if not effects[write.at].assign]

        def run(outcomes: dict[int, Outcome]) -> None:
            for kind, some in ((INSERT_ASSIGNED, assigned), (INSERT, others)):
                self._writer.write(some, kind, outcomes)
            fixed = [
                write
                for write in writes
                if write.object in FIXED and _is_duplicate(outcomes[write.at])
            ]
            if fixed:
                self._update_fixed(fixed, outcomes)

        return _outcomes(len(effects), run)

    def update(self, effects: Sequence[UpdateRecord]) -> Sequence[Outcome]:
        """Update by id: 200 per call, tasks and events up to 1,000; the contacts of one account
        next to each other (see `writing`).
        """
        writes = [change(at, effect) for at, effect in enumerate(effects)]

        def run(outcomes: dict[int, Outcome]) -> None:
            self._writer.write(writes, UPDATE, outcomes)

        return _outcomes(len(effects), run)

    def changed_since(
        self, since: Mapping[str, datetime], *, with_purged: bool = False, show: Show | None = None
    ) -> Iterator[Sequence[ChangedRecord]]:
        """Pages of changed records, as `SalesforceSweep.changed_since`."""
        return self._sweep.changed_since(since, with_purged=with_purged, show=show)

    def _rows(self, name: str, ids: list[str], columns: list[str]) -> Iterator[Mapping[str, Any]]:
        if name in ACTIVITIES:
            yield from rows_of_activities(self._session, name, ids, columns)
            return
        for part in chunks(ids, READ_BATCH):
            body = {"ids": part, "fields": columns}
            found = self._session.call("POST", f"composite/sobjects/{name}", body=body)
            yield from filter(None, found or ())

    def _update_fixed(self, duplicates: list[Write], outcomes: dict[int, Outcome]) -> None:
        """Update the records that our key finds, without their fixed fields; those that it does not
        find keep their conflict.
        """
        keys = {name: [write.key for write in duplicates if write.object == name] for name in FIXED}
        queries = [
            query for name, some in keys.items() for query in by_key(name, SALESFORCE_KEY, some)
        ]
        ids = {
            (query.object, row[SALESFORCE_KEY]): row["Id"]
            for query, rows in run(self._session, queries)
            for row in rows
        }
        known = [
            update_of(write, ids[write.object, write.key])
            for write in duplicates
            if (write.object, write.key) in ids
        ]
        self._writer.write(known, UPDATE, outcomes)


def _outcomes(count: int, run: Callable[[dict[int, Outcome]], None]) -> list[Outcome]:
    """The outcomes of `run` in order. If it fails half-way, what has been written is reported; only
    the rest has the error.
    """
    outcomes: dict[int, Outcome] = {}
    try:
        run(outcomes)
    except SyncError as error:
        if not outcomes:
            raise
        return [outcomes.get(at, error) for at in range(count)]
    return [outcomes[at] for at in range(count)]


def _is_duplicate(outcome: Outcome) -> bool:
    return isinstance(outcome, Conflict) and outcome.code == DOUBLE


def _by_object(refs: Iterable[Ref]) -> dict[str, list[str]]:
    """Ids by object, each once. A text that cannot be an id (somebody typed it into our HubSpot
    property) is left out, as Salesforce would refuse the whole call.
    """
    objects: dict[str, dict[str, None]] = {}
    for ref in refs:
        if is_id(ref.id):
            objects.setdefault(ref.object, {})[ref.id] = None
    return {name: list(ids) for name, ids in objects.items()}

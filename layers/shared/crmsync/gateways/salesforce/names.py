"""Finds records of a Salesforce org by the beginning of their name, for a person who looks for one.

They are read from the database, which has an index of names, so a new record is found at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from crmsync.gateways.salesforce.queries import EXTRA, ROW_FIELDS, Query, checked, run
from crmsync.gateways.salesforce.rows import record
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import EVENT, LEAD, SALESFORCE_CONTACT, TASK
from crmsync.model.records import Record
from crmsync.ports.crm import Fields

_FORM = (
    "SELECT {columns:literal} FROM {name:literal} WHERE ({names:literal}){extra:literal}"
    " ORDER BY LastModifiedDate DESC LIMIT {most}"
)
_NAME = "Name LIKE '{:like}%'"
_NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys((LEAD, SALESFORCE_CONTACT), f"{_NAME} OR Last{_NAME}"),
        **dict.fromkeys((TASK, EVENT), "Subject LIKE '{:like}%'"),
    }
)
"""A person is found by the last name as well, a task or event by its subject."""


class SalesforceNames:
    """Implements `NameSearch`."""

    def __init__(self, session: SalesforceSession) -> None:
        """Call through `session`."""
        self._session = session

    def named(self, text: str, fields: Fields, most: int) -> Sequence[Record]:
        """The records whose name begins with the text, those that were changed last first, without
        converted leads; five objects per call. Raises `SyncError`.
        """
        if not text.isprintable():
            return []
        queries = [_query(text, name, tuple(wanted), most) for name, wanted in fields.items()]
        return [
            record(query.object, row, query.fields)
            for query, rows in run(self._session, queries)
            for row in rows
        ]


def _query(text: str, name: str, fields: tuple[str, ...], most: int) -> Query:
    form = _NAMES.get(name, _NAME)
    soql = format_soql(
        _FORM,
        columns=", ".join(checked(one) for one in dict.fromkeys((*ROW_FIELDS, *fields))),
        name=checked(name),
        names=format_soql(form, *[text] * form.count("{")),
        extra=EXTRA.get(name, ""),
        most=most,
    )
    return Query(soql, name, fields)

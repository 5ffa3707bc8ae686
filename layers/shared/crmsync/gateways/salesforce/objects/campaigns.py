"""Members of Salesforce campaigns: read for hundreds of people in one call, written 200 per call
(docs/vendors.md#salesforce-campaigns).

Salesforce keeps nobody twice in a campaign, so a call that may have been applied can be repeated:
a row that exists already is refused, and that is as good as made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crmsync.errors import Gone, SyncError
from crmsync.gateways.retry import chunks
from crmsync.gateways.salesforce.errors import row_error
from crmsync.gateways.salesforce.ids import full, is_id
from crmsync.gateways.salesforce.queries import MIN_ID, PAGE, Query, packed, run
from crmsync.gateways.salesforce.rows import moment
from crmsync.gateways.salesforce.sdk import format_soql
from crmsync.gateways.salesforce.session import SalesforceSession
from crmsync.model.crm_names import CAMPAIGN_MEMBER, LEAD, SALESFORCE_CONTACT
from crmsync.model.kinds.campaigns import (
    AddMember,
    CampaignMember,
    ChangedMember,
    ChangeStatus,
    FoundCampaign,
    MemberEffect,
    MemberPosition,
    RemoveMember,
    is_campaign_id,
)
from crmsync.model.records import Ref, Side

WRITE_BATCH = 200
_COLLECTION = "composite/sobjects"
_COLUMNS = {LEAD: "LeadId", SALESFORCE_CONTACT: "ContactId"}
_MEMBER_THERE = "DUPLICATE_VALUE"

_STATUSES = (
    "SELECT CampaignId, Label FROM CampaignMemberStatus WHERE {column:literal} = {text}"
    " ORDER BY CampaignId, SortOrder, Id"
)
_MEMBERS = (
    "SELECT Id, LeadId, ContactId, Status, CreatedById FROM CampaignMember"
    " WHERE CampaignId = {campaign} AND {column:literal} IN {ids}"
)
_CAMPAIGNS = (
    "SELECT CampaignId, {column:literal} FROM CampaignMember WHERE {column:literal} IN {ids}"
)
_CHANGED = (
    "SELECT Id, LeadId, ContactId, SystemModstamp FROM CampaignMember"
    " WHERE (SystemModstamp = {at} AND Id > {id}) OR SystemModstamp > {at}"
    " ORDER BY SystemModstamp, Id LIMIT {limit}"
)


class SalesforceCampaigns:
    """Implements `CampaignMembers` for one Salesforce org."""

    def __init__(self, session: SalesforceSession, our_user: str = "", *, page: int = PAGE) -> None:
        """Call through `session`; rows that `our_user` made are ours. All members are read `page`
        at a time.
        """
        self._session = session
        self._our_user = our_user
        self._page = page

    def named(self, text: str) -> Sequence[FoundCampaign]:
        """The campaigns with this name, or the one with this id, in the order of ids. A campaign
        always has statuses. One call. Raises `SyncError`.
        """
        column = "CampaignId" if is_campaign_id(text) else "Campaign.Name"
        question = Query(format_soql(_STATUSES, column=column, text=text), CAMPAIGN_MEMBER)
        labels: dict[str, list[str]] = {}
        for _, rows in run(self._session, [question]):
            for row in rows:
                labels.setdefault(full(str(row["CampaignId"])), []).append(str(row["Label"]))
        return [FoundCampaign(campaign, tuple(some)) for campaign, some in labels.items()]

    def members(self, campaign: str, people: Iterable[Ref]) -> Sequence[CampaignMember]:
        """The rows of these leads and contacts in a campaign; some 2,500 of them in one call.
        Raises `SyncError`.
        """
        questions = list(_questions(_MEMBERS, people, campaign=campaign))
        return [
            self._member(question.object, row)
            for question, rows in run(self._session, questions)
            for row in rows
        ]

    def changed_after(self, position: MemberPosition) -> Sequence[ChangedMember]:
        """A page of the members of all campaigns after a place, in the order in which they were
        last changed. One call. Raises `SyncError`.
        """
        soql = format_soql(_CHANGED, at=position.at, id=position.id or MIN_ID, limit=self._page)
        question = Query(soql, CAMPAIGN_MEMBER)
        return [
            ChangedMember(
                MemberPosition(moment(row["SystemModstamp"]), full(str(row["Id"]))),
                tuple(
                    Ref(Side.SALESFORCE, name, full(str(row[column])))
                    for name, column in _COLUMNS.items()
                    if row.get(column)
                ),
            )
            for _, rows in run(self._session, [question])
            for row in rows
        ]

    def campaigns_of(self, people: Iterable[Ref]) -> Mapping[Ref, Sequence[str]]:
        """The campaigns of these leads and contacts, sorted; some 2,500 people in one call. Raises
        `SyncError`.
        """
        found: dict[Ref, set[str]] = {}
        for question, rows in run(self._session, list(_questions(_CAMPAIGNS, people))):
            for row in rows:
                person = full(str(row[_COLUMNS[question.object]]))
                ref = Ref(Side.SALESFORCE, question.object, person)
                found.setdefault(ref, set()).add(full(str(row["CampaignId"])))
        return {ref: sorted(some) for ref, some in found.items()}

    def write(self, campaign: str, effects: Sequence[MemberEffect]) -> Sequence[SyncError | None]:
        """Carry effects out, in order: None, or why a row was refused. `Gone` is the answer for a
        person or a row that no longer exists. Raises `SyncError` for a call that failed as a whole;
        what was written before it stays.
        """
        outcomes: dict[int, SyncError | None] = {}
        for kind, send in (
            (AddMember, self._add),
            (ChangeStatus, self._change),
            (RemoveMember, self._remove),
        ):
            some = [(at, one) for at, one in enumerate(effects) if isinstance(one, kind)]
            for part in chunks(some, WRITE_BATCH):
                rows = send(campaign, [one for _, one in part])
                outcomes |= {
                    at: _outcome(one, row) for (at, one), row in zip(part, rows, strict=True)
                }
        return [outcomes[at] for at in range(len(effects))]

    def _add(self, campaign: str, part: Sequence[Any]) -> Any:
        return self._send(
            "POST",
            [
                {
                    "CampaignId": campaign,
                    _COLUMNS[one.person.object]: one.person.id,
                    "Status": one.status,
                }
                for one in part
            ],
        )

    def _change(self, _campaign: str, part: Sequence[Any]) -> Any:
        return self._send("PATCH", [{"id": one.member, "Status": one.status} for one in part])

    def _send(self, method: str, rows: Iterable[Mapping[str, str]]) -> Any:
        records = [{"attributes": {"type": CAMPAIGN_MEMBER}, **row} for row in rows]
        body = {"allOrNone": False, "records": records}
        return self._session.call(method, _COLLECTION, body=body, writes=True)

    def _remove(self, _campaign: str, part: Sequence[Any]) -> Any:
        ids = ",".join(one.member for one in part)
        return self._session.call("DELETE", f"{_COLLECTION}?ids={ids}&allOrNone=false")

    def _member(self, name: str, row: Mapping[str, Any]) -> CampaignMember:
        """The row for the object it was asked by: after a conversion it names lead and contact, and
        the link may still be that of the lead.
        """
        return CampaignMember(
            full(str(row["Id"])),
            Ref(Side.SALESFORCE, name, full(str(row[_COLUMNS[name]]))),
            str(row.get("Status") or ""),
            full(str(row["CreatedById"])) == self._our_user,
        )


def _questions(form: str, people: Iterable[Ref], **more: str) -> Iterator[Query]:
    by_object: dict[str, list[str]] = {}
    for person in people:
        if person.object in _COLUMNS and is_id(person.id):
            by_object.setdefault(person.object, []).append(person.id)
    for name, ids in by_object.items():
        column = _COLUMNS[name]

        def query(part: list[str], name: str = name, column: str = column) -> Query:
            return Query(format_soql(form, column=column, ids=part, **more), name)

        yield from packed(ids, query, lambda one: format_soql("{},", one))


def _outcome(effect: MemberEffect, row: Mapping[str, Any]) -> SyncError | None:
    if row.get("success"):
        return None
    sent = {"Status": effect.status} if not isinstance(effect, RemoveMember) else {}
    error = row_error(row.get("errors") or (), sent, updates=not isinstance(effect, AddMember))
    if isinstance(effect, AddMember) and error.code == _MEMBER_THERE:
        return None
    return Gone(error.text, code=error.code) if error.code == "ENTITY_IS_DELETED" else error

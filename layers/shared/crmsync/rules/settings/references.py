"""What settings name in the two CRMs besides fields: lists, campaigns, pipelines, owners. Does it
exist, and can it be used?

Pure: a connection and what was looked up in, findings out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from crmsync.model.crm_names import HUBSPOT_CONTACT
from crmsync.model.kinds.campaigns import FoundCampaign
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.settings import Connection
from crmsync.rules.campaigns import unknown_statuses
from crmsync.rules.settings.checks import Finding


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked up for a connection; None for what its settings do not name.

    Attributes:
        list_object: The object whose records the inclusion list has; "" for no such list.
        pipelines: The labels of HubSpot's deal pipelines.
        owners: The owners of both sides.
        list_objects: Likewise the object of each list of a campaign.
        campaigns: The campaigns that have each name or id.
    """

    list_object: str | None = None
    pipelines: Sequence[str] | None = None
    owners: Owners | None = None
    list_objects: Mapping[str, str] = field(default_factory=dict)
    campaigns: Mapping[str, Sequence[FoundCampaign]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be said about a connection's references.

    Attributes:
        wrong: What forbids the settings: with it, records of a kind would not sync.
        doubtful: What does not: a pipeline or an owner that is not there, or not any more.
    """

    wrong: tuple[Finding, ...] = field(default=())
    doubtful: tuple[Finding, ...] = field(default=())


def judge_references(number: int, connection: Connection, looked: Looked) -> Judged:
    """The findings about the connection at place `number` of the file."""
    here = ("connection", number)
    doubtful = [
        *_pipelines(connection, looked, (*here, "deals", "pipelines")),
        *_owners(connection, looked, (*here, "owners")),
    ]
    wrong = [
        *_list(connection, looked, (*here, "contacts", "inclusion_list")),
        *_campaigns(connection, looked, (*here, "campaigns")),
    ]
    return Judged(tuple(wrong), tuple(doubtful))


def shared_campaigns(
    connections: Sequence[Connection], looked: Sequence[Looked]
) -> Iterator[Finding]:
    """Campaigns for which an earlier connection on the same org has a list, under whichever name or
    id: what one list makes the other would change back (CMP-6).

    Args:
        connections: All connections of the file.
        looked: What was looked up for each of them; nothing for one that did not answer.
    """
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for number, (connection, found) in enumerate(zip(connections, looked, strict=True)):
        for place, row in enumerate(connection.campaigns):
            for campaign in found.campaigns.get(row.campaign, ()):
                key = (connection.salesforce.org_key, campaign.id)
                holder, name = first.setdefault(key, (number, row.campaign))
                if holder == number:
                    continue
                alias = "" if name == row.campaign else f" as {name}"
                sentence = (
                    f'campaign {row.campaign} has a list already, in "{connections[holder].name}"'
                    f"{alias}, which shares this Salesforce org: give each connection a campaign "
                    "of its own"
                )
                yield Finding(
                    ("connection", number, "campaigns", place, "campaign"), sentence, "CMP-6"
                )


def _list(connection: Connection, looked: Looked, path: tuple[str | int, ...]) -> Iterator[Finding]:
    name, found = connection.contacts.inclusion_list, looked.list_object
    if found == "":
        sentence = (
            f"HubSpot has no list {name}, or the app may not see it: no contact would sync. The id "
            "stands in the address of the list's page"
        )
        yield Finding(path, sentence, "INC-2")
    elif found not in {None, HUBSPOT_CONTACT}:
        yield Finding(path, f"list {name} is a list of {found} records, not of contacts", "INC-2")


def _campaigns(
    connection: Connection, looked: Looked, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    """A list of contacts each (CMP-3), a campaign, and statuses that it has (CMP-7)."""
    known: set[str] = set()
    for number, row in enumerate(connection.campaigns):
        found = looked.list_objects.get(row.list, "")
        if not found:
            sentence = f"HubSpot has no list {row.list}, or the app may not see it"
            yield Finding((*path, number, "list"), sentence, "CMP-3")
        elif found != HUBSPOT_CONTACT:
            sentence = f"list {row.list} is a list of {found} records, not of contacts"
            yield Finding((*path, number, "list"), sentence, "CMP-3")
        campaigns = looked.campaigns.get(row.campaign, ())
        if len(campaigns) != 1:
            sentence = (
                f'several campaigns are called "{row.campaign}": give the id of one'
                if campaigns
                else f"Salesforce has no campaign {row.campaign}, or the integration user may not "
                "see it"
            )
            yield Finding((*path, number, "campaign"), sentence, "CMP-7")
            continue
        (campaign,) = campaigns
        if campaign.id in known:
            sentence = f"campaign {row.campaign} has a list already"
            yield Finding((*path, number, "campaign"), sentence, "CMP-6")
        known.add(campaign.id)
        for status in unknown_statuses(row, campaign.statuses):
            key = "status" if status == row.status else "on_leave"
            meant = _meant(status, campaign.statuses)
            sentence = f'campaign {row.campaign} has no status "{status}"{meant}'
            yield Finding((*path, number, key), sentence, "CMP-7")


def _pipelines(
    connection: Connection, looked: Looked, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    if looked.pipelines is None:
        return
    for label in connection.deals.pipelines:
        if label not in looked.pipelines:
            sentence = f'HubSpot has no deal pipeline "{label}"{_meant(label, looked.pipelines)}'
            yield Finding(path, sentence, "Q-26")


def _meant(label: str, known: Sequence[str]) -> str:
    close = get_close_matches(label, known, n=1)
    if close:
        return f'; did you mean "{close[0]}"?'
    return "; there are " + ", ".join(f'"{one}"' for one in known)


def _owners(
    connection: Connection, looked: Looked, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    if looked.owners is None:
        return
    for address, user in connection.owners:
        here = (*path, address)
        if not _of(looked.owners.hubspot, address):
            yield Finding(here, f"HubSpot has no owner {address}: the row does nothing", "Q-18")
        found = _of(looked.owners.salesforce, user)
        if not found:
            yield Finding(here, f"Salesforce has no user {user}: the row does nothing", "Q-18")
        elif not any(one.is_active for one in found):
            sentence = f"the Salesforce user {user} is not active, and so is given no record"
            yield Finding(here, sentence, "OWN-11")


def _of(owners: Sequence[Owner], wanted: str) -> list[Owner]:
    """The owners with this id or address."""
    return [
        one for one in owners if wanted == one.id or wanted.lower() == one.email.strip().lower()
    ]

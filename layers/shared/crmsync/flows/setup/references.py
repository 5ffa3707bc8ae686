"""Looks up what settings name in the two CRMs besides fields: lists, campaigns, pipelines and
owners.

Only what a connection names is looked up, so most connections cost no call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.config import Complaint, Reading
from crmsync.errors import SyncError
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.kinds.campaigns import FoundCampaign
from crmsync.model.records import Side
from crmsync.model.settings import Connection
from crmsync.ports.crm import Directory
from crmsync.ports.deals import Deals
from crmsync.rules.settings.checks import Finding
from crmsync.rules.settings.references import Looked, judge_references, shared_campaigns

REFERENCES = "lists, campaigns, pipelines and owners of the settings"
"""The part of a `SetupStep` about what settings name."""


class ListSource(Protocol):
    """Describes HubSpot's lists."""

    def object_of(self, list_id: str) -> str:
        """The object whose records a list has; "" for no such list. Raises `SyncError`."""


class CampaignSource(Protocol):
    """Describes Salesforce's campaigns."""

    def named(self, text: str) -> Sequence[FoundCampaign]:
        """The campaigns with this name, or the one with this id. Raises `SyncError`."""


@dataclass(frozen=True, slots=True)
class ReferenceSources:
    """Where a connection's references are looked up.

    Attributes:
        lists: HubSpot's lists.
        deals: HubSpot's deal pipelines.
        directory: The owners of both sides.
        campaigns: Salesforce's campaigns.
    """

    lists: ListSource
    deals: Deals
    directory: Directory
    campaigns: CampaignSource


SourcesOf = Callable[[Connection], ReferenceSources]


def judge_all(reading: Reading, sources: SourcesOf) -> tuple[list[Complaint], list[Complaint]]:
    """What forbids a file, and what does not, each with its line. Raises `SyncError`."""
    connections = reading.settings.connections
    looked = [_looked(one, sources) for one in connections]
    wrong = [*shared_campaigns(connections, looked)]
    doubtful: list[Finding] = []
    for number, (connection, found) in enumerate(zip(connections, looked, strict=True)):
        judged = judge_references(number, connection, found)
        wrong += judged.wrong
        doubtful += judged.doubtful
    return sorted(map(reading.complaint, wrong)), sorted(map(reading.complaint, doubtful))


def reference_steps(connections: tuple[Connection, ...], sources: SourcesOf) -> Iterator[SetupStep]:
    """The steps of a check: what is wrong with the references of each connection that has some. One
    that cannot be looked up says so, and hides nothing of the others.
    """
    looked = [_looked_or_error(one, sources) for one in connections]
    known = [one if isinstance(one, Looked) else Looked() for one in looked]
    shared = [*shared_campaigns(connections, known)]
    for number, (connection, found) in enumerate(zip(connections, looked, strict=True)):
        name = connection.name
        if isinstance(found, SyncError):
            yield SetupStep(name, Side.HUBSPOT, REFERENCES, StepState.FAILED, text_of(found))
            continue
        judged = judge_references(number, connection, found)
        mine = [one for one in shared if one.path[1] == number]
        findings = (*judged.wrong, *mine, *judged.doubtful)
        for one in findings:
            text = f"{one.sentence} ({one.rule})"
            yield SetupStep(name, Side.HUBSPOT, REFERENCES, StepState.WRONG, text)
        if not findings and _names_some(connection):
            yield SetupStep(name, Side.HUBSPOT, REFERENCES, StepState.THERE)


def _looked_or_error(connection: Connection, sources: SourcesOf) -> Looked | SyncError:
    try:
        return _looked(connection, sources)
    except SyncError as error:
        return error


def _names_some(connection: Connection) -> bool:
    return bool(
        connection.contacts.inclusion_list
        or connection.deals.pipelines
        or connection.owners
        or connection.campaigns
    )


def _looked(connection: Connection, sources: SourcesOf) -> Looked:
    """What the settings of a connection name, as both CRMs have it; no call if they name nothing.
    Raises `SyncError`.
    """
    if not _names_some(connection):
        return Looked()
    found = sources(connection)
    inclusion_list, labels = connection.contacts.inclusion_list, connection.deals.pipelines
    return Looked(
        list_object=found.lists.object_of(inclusion_list) if inclusion_list else None,
        pipelines=[one.label for one in found.deals.pipelines()] if labels else None,
        owners=found.directory.owners() if connection.owners else None,
        list_objects={one.list: found.lists.object_of(one.list) for one in connection.campaigns},
        campaigns={
            one.campaign: found.campaigns.named(one.campaign) for one in connection.campaigns
        },
    )

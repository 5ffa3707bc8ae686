"""Lists and campaigns through both simulators: joining, the three meanings of leaving, conversion,
people without a counterpart, and what stops a campaign.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from crmsync.flows.campaigns.members import CampaignContext, CampaignSweep, sweep_campaigns
from crmsync.flows.campaigns.preview import PreviewedCampaign, preview_campaigns
from crmsync.flows.campaigns.shown import ShownContext, show_campaigns
from crmsync.gateways.dynamodb.campaigns import CampaignProgressTable
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.list_members import HubspotListMembers
from crmsync.gateways.hubspot.lists import HubspotLists
from crmsync.gateways.hubspot.records import HubspotGateway
from crmsync.gateways.salesforce.objects.campaigns import SalesforceCampaigns
from crmsync.gateways.salesforce.records import SalesforceGateway
from crmsync.model.kinds.campaign_settings import CampaignSettings, OnLeave
from crmsync.model.links import Link
from crmsync.model.names import HUBSPOT_CAMPAIGNS
from crmsync.model.records import Kind, Ref, Side
from crmsync.model.settings import Connection
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from tests.builders import a_connection
from tests.contracts.stores.tables import dynamodb
from tests.memory import MemoryLinks
from tests.simulated import FixedSecret, retry_policy, served

LEFT = "Left"


@dataclass
class Sides:
    """Both simulators with a list and a campaign, the flow's context, and what people do."""

    context: CampaignContext
    clock: Clock
    hubspot: Any
    salesforce: SalesforceSimulator
    links: MemoryLinks
    urls: tuple[str, str]
    session: Any
    client: HubspotClient
    people: dict[str, Ref] = field(default_factory=dict)

    def sweep(self, minutes: float = 15) -> CampaignSweep:
        """Let time pass and sweep."""
        self.clock.advance(60 * minutes)
        (one,) = sweep_campaigns(self.context)
        return one

    def set(self, **values: Any) -> None:
        """Change the settings of the campaign."""
        (campaign,) = self.context.connection.campaigns
        campaign = replace(campaign, **values)
        connection = replace(self.context.connection, campaigns=(campaign,))
        self.context = replace(self.context, connection=connection)

    @property
    def campaign(self) -> str:
        """The id of the campaign."""
        return self.context.connection.campaigns[0].campaign

    def add(self, *names: str, linked: bool = True) -> list[str]:
        """Make contacts in HubSpot, and their leads in Salesforce; the contacts' ids."""
        ids = []
        for name in names:
            ids.append(
                self._hubspot("POST", "objects/contacts", properties={"firstname": name})["id"]
            )
            if linked:
                self.link(ids[-1], name)
        return ids

    def link(self, contact: str, name: str) -> str:
        """Make the lead of a contact, linked; its id."""
        lead = self.person("POST", "Lead", LastName=name, Company="Acme")["id"]
        self.links.save([_link(contact, "Lead", lead)])
        self.people[name] = Ref(Side.SALESFORCE, "Lead", lead)
        return str(lead)

    def convert(self, contact: str, name: str) -> str:
        """Convert the lead of a contact, whose link then moves, as the sync moves it."""
        done = self.salesforce.person(
            {"do": "convert_lead", "lead_id": self.people[name].id, "account_id": None}
        )
        ref = Ref(Side.HUBSPOT, "contact", contact)
        self.links.drop([self.links.find("acme", [ref])[ref]])
        self.links.save([_link(contact, "Contact", done["contact_id"])])
        return str(done["contact_id"])

    def join(self, *ids: str) -> None:
        """Put contacts into the list."""
        self._change("add", ids)

    def leave(self, *ids: str) -> None:
        """Take contacts out of the list."""
        self._change("remove", ids)

    def members(self) -> dict[str, str]:
        """Name of the person -> status, of every member of the campaign."""
        fields = "Status, Lead.LastName, Contact.LastName, LeadId, ContactId"
        rows = self.session.call(
            "GET", f"query/?q=SELECT+{fields.replace(' ', '+')}+FROM+CampaignMember"
        )
        return {
            (row["Contact"] or row["Lead"])["LastName"]: row["Status"] for row in rows["records"]
        }

    def person(self, method: str, path: str, **values: Any) -> Any:
        """What a person writes in Salesforce."""
        headers = {"Authorization": f"Bearer {self.salesforce.user_token}"}
        url = f"{self.urls[1]}/services/data/v66.0/sobjects/{path}"
        answer = requests.request(method, url, json=values, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def _change(self, verb: str, ids: tuple[str, ...]) -> None:
        list_id = self.context.connection.campaigns[0].list
        self._hubspot("PUT", f"lists/{list_id}/memberships/{verb}", *ids)

    def _hubspot(self, method: str, path: str, *ids: str, **values: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.hubspot.user_token}"}
        body: Any = list(ids) or values
        url = f"{self.urls[0]}/crm/v3/{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def sides() -> Iterator[Sides]:
    """Both simulators, an empty list, and a campaign with the status Left."""
    clock = Clock()
    faults = Faults(clock)
    hubspot = HubSpotSimulator([{"portal_id": 555001}], clock=clock, faults=faults)
    salesforce = SalesforceSimulator({}, clock=clock, faults=faults)
    portal = hubspot.portals[0]
    with ExitStack() as open_:
        urls = (
            open_.enter_context(served(hubspot.wsgi)),
            open_.enter_context(served(salesforce.wsgi)),
        )
        table = open_.enter_context(dynamodb("pk", "sk"))
        salesforce.set_instance_url(urls[1])
        secret = {"client_id": salesforce.client_id, "client_secret": salesforce.client_secret}
        client = HubspotClient(
            FixedSecret({"access_token": portal.access_token, "api_url": urls[0]}),
            retry_policy=retry_policy(clock),
        )
        gateway = SalesforceGateway(
            urls[1],
            FixedSecret(secret),
            now=lambda: clock.now_ms() / 1000,
            retry_policy=retry_policy(clock),
        )
        links = MemoryLinks()
        context = CampaignContext(
            connection=a_connection(),
            lists=HubspotListMembers(client),
            members=SalesforceCampaigns(gateway.session, salesforce.integration_user_id),
            links=links,
            store=CampaignProgressTable(table, "Table"),
            now=lambda: datetime.fromtimestamp(clock.now_ms() / 1000, UTC),
        )
        made = Sides(context, clock, portal, salesforce, links, urls, gateway.session, client)
        campaign = made.person("POST", "Campaign", Name="Fair")["id"]
        made.person("POST", "CampaignMemberStatus", CampaignId=campaign, Label=LEFT, SortOrder=3)
        row = {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}
        list_id = made._hubspot("POST", "lists/", **row)["list"]["listId"]
        made.context = replace(context, connection=_with(context.connection, list_id, campaign))
        yield made


def _with(connection: Connection, list_id: str, campaign: str) -> Connection:
    return replace(connection, campaigns=(CampaignSettings(list_id, campaign, "Sent"),))


def _link(contact: str, name: str, record: str) -> Link:
    return Link(
        "acme",
        Kind.CONTACT,
        Ref(Side.HUBSPOT, "contact", contact),
        Ref(Side.SALESFORCE, name, record),
    )


def told(swept: CampaignSweep) -> tuple[str, str]:
    """Code and text of what stops a campaign."""
    assert swept.progress.trouble is not None
    return swept.progress.trouble.code, swept.progress.trouble.text


@pytest.mark.rule("CMP-3")
@pytest.mark.rule("CMP-4")
def test_who_joins_a_list_becomes_a_member(sides: Sides) -> None:
    """With the status of the settings; nobody else does."""
    ada, bob, _ = sides.add("Ada", "Bob", "Cleo")
    sides.join(ada, bob)

    assert sides.sweep().written == 2
    assert sides.members() == {"Ada": "Sent", "Bob": "Sent"}


@pytest.mark.rule("CMP-3")
def test_a_list_that_has_not_changed_costs_one_call(sides: Sides) -> None:
    """HubSpot says that nobody joined or left; once a day the list is read all the same."""
    sides.join(*sides.add("Ada"))
    sides.sweep()
    before = (sides.client.calls, sides.session.calls)
    sides.sweep()
    after = (sides.client.calls, sides.session.calls)
    sides.sweep(minutes=24 * 60)

    assert (after[0] - before[0], after[1] - before[1]) == (1, 0)
    assert sides.client.calls - after[0] == 2


@pytest.mark.rule("CMP-5")
@pytest.mark.parametrize(
    ("on_leave", "then"),
    [
        (OnLeave.KEEP, {"Ada": "Sent", "Bob": "Sent"}),
        (OnLeave.REMOVE, {"Bob": "Sent"}),
        (OnLeave.STATUS, {"Ada": LEFT, "Bob": "Sent"}),
    ],
)
def test_leaving_means_what_the_settings_say(
    sides: Sides, on_leave: OnLeave, then: dict[str, str]
) -> None:
    """The row stays, goes, or gets another status; who comes back is a member as before, once."""
    sides.set(on_leave=on_leave, left_status=LEFT if on_leave is OnLeave.STATUS else "")
    ada, bob = sides.add("Ada", "Bob")
    sides.join(ada, bob)
    sides.sweep()
    sides.leave(ada)
    sides.sweep()
    left = sides.members()
    sides.join(ada)
    sides.sweep()

    assert (left, sides.members()) == (then, {"Ada": "Sent", "Bob": "Sent"})


@pytest.mark.rule("CMP-4")
def test_a_contact_without_a_counterpart_waits_for_it(sides: Sides) -> None:
    """It becomes a member once it has one, although the list has not changed since."""
    (ada,) = sides.add("Ada", linked=False)
    sides.join(ada)
    waiting = sides.sweep().progress.waiting
    sides.link(ada, "Ada")
    swept = sides.sweep()

    assert (waiting, swept.progress.waiting) == ({int(ada)}, frozenset())
    assert sides.members() == {"Ada": "Sent"}


@pytest.mark.rule("CMP-6")
def test_a_member_that_a_person_made_is_kept_with_its_status(sides: Sides) -> None:
    """It is not made twice, keeps its response, and is not removed when the contact leaves."""
    sides.set(on_leave=OnLeave.REMOVE)
    (ada,) = sides.add("Ada")
    row = {"CampaignId": sides.campaign, "LeadId": sides.people["Ada"].id, "Status": "Responded"}
    sides.person("POST", "CampaignMember", **row)
    sides.join(ada)
    sides.sweep()
    joined = sides.members()
    sides.leave(ada)
    sides.sweep()

    assert (joined, sides.members()) == ({"Ada": "Responded"}, {"Ada": "Responded"})


@pytest.mark.rule("CMP-6")
def test_a_converted_lead_stays_one_member(sides: Sides) -> None:
    """The row moves to the contact; leaving and coming back find it there."""
    sides.set(on_leave=OnLeave.STATUS, left_status=LEFT)
    (ada,) = sides.add("Ada")
    sides.join(ada)
    sides.sweep()
    contact = sides.convert(ada, "Ada")
    sides.leave(ada)
    sides.sweep()
    left = sides.members()
    sides.join(ada)
    sides.sweep()

    rows = sides.session.call("GET", "query/?q=SELECT+ContactId+FROM+CampaignMember")["records"]
    assert (left, sides.members()) == ({"Ada": LEFT}, {"Ada": "Sent"})
    assert [row["ContactId"] for row in rows] == [contact]


@pytest.mark.rule("CMP-6")
def test_who_leaves_before_the_link_follows_a_conversion_is_found(sides: Sides) -> None:
    """The row still names the lead, so nothing is lost while the link does."""
    sides.set(on_leave=OnLeave.STATUS, left_status=LEFT)
    (ada,) = sides.add("Ada")
    sides.join(ada)
    sides.sweep()
    lead = sides.people["Ada"].id
    sides.salesforce.person({"do": "convert_lead", "lead_id": lead, "account_id": None})
    sides.leave(ada)
    sides.sweep()

    assert sides.members() == {"Ada": LEFT}


@pytest.mark.rule("CMP-7")
def test_a_campaign_without_the_status_is_left_alone(sides: Sides) -> None:
    """Nobody is made a member with another status; the reason is kept, and ends with its cause."""
    sides.set(status="Invited")
    sides.join(*sides.add("Ada"))
    stopped = sides.sweep()
    before = sides.members()
    sides.person(
        "POST", "CampaignMemberStatus", CampaignId=sides.campaign, Label="Invited", SortOrder=4
    )
    mended = sides.sweep()

    assert told(stopped) == (
        "NO_STATUS",
        'The campaign has no status "Invited"; it has Sent, Responded, Left.',
    )
    assert (before, mended.progress.trouble, sides.members()) == ({}, None, {"Ada": "Invited"})


@pytest.mark.rule("CMP-7")
def test_a_missing_campaign_or_list_is_named(sides: Sides) -> None:
    """Nothing else is done."""
    sides.join(*sides.add("Ada"))
    sides.person("DELETE", f"Campaign/{sides.campaign}")
    no_campaign = sides.sweep()
    lasting = sides.sweep()
    sides.set(list="9999")
    no_list = sides.sweep()

    assert told(no_campaign) == (
        "NO_CAMPAIGN",
        f"Salesforce has no campaign {sides.campaign}, or the integration user may not see it.",
    )
    assert told(no_list) == ("NO_LIST", "HubSpot has no list 9999, or the app may not see it.")
    assert lasting.progress.trouble == no_campaign.progress.trouble


@pytest.mark.rule("CMP-7")
def test_a_campaign_that_is_deleted_is_told_although_nobody_moves(sides: Sides) -> None:
    """Within a day, and until it is back."""
    sides.join(*sides.add("Ada"))
    sides.sweep()
    sides.person("DELETE", f"Campaign/{sides.campaign}")
    soon = sides.sweep()
    daily = sides.sweep(minutes=24 * 60)
    lasting = sides.sweep()
    sides.salesforce.person({"do": "undelete", "ids": [sides.campaign]})
    mended = sides.sweep()

    assert (soon.progress.trouble, mended.progress.trouble) == (None, None)
    assert told(daily)[0] == "NO_CAMPAIGN"
    assert lasting.progress.trouble == daily.progress.trouble


@pytest.mark.rule("CMP-7")
def test_lists_that_the_app_may_not_read_stop_every_campaign(sides: Sides) -> None:
    """The refusal is kept with what to do, and since when it lasts; it ends with its cause."""
    sides.join(*sides.add("Ada"))
    rights = sides.hubspot.scopes
    sides.hubspot.scopes = rights - {"crm.lists.read"}
    stopped = sides.sweep()
    lasting = sides.sweep()
    sides.hubspot.scopes = rights
    mended = sides.sweep()

    assert stopped.progress.trouble is not None
    assert stopped.progress.trouble.code == "MISSING_SCOPES"
    assert lasting.progress.trouble == stopped.progress.trouble
    assert (mended.progress.trouble, sides.members()) == (None, {"Ada": "Sent"})


@pytest.mark.rule("CH-28")
@pytest.mark.parametrize("on_leave", list(OnLeave))
def test_a_preview_says_what_the_next_sweep_does(sides: Sides, on_leave: OnLeave) -> None:
    """And does nothing itself: who would join, is a member already, waits for a counterpart, or
    would leave.
    """
    sides.set(on_leave=on_leave, left_status=LEFT if on_leave is OnLeave.STATUS else "")
    ids = sides.add("Ada", "Bob", "Cleo", "Dan")
    sides.join(*ids[:2], *sides.add("Eve", linked=False))
    row = {"CampaignId": sides.campaign, "LeadId": sides.people["Bob"].id, "Status": "Sent"}
    sides.person("POST", "CampaignMember", **row)
    first = preview_campaigns(sides.context)
    unchanged = sides.members()
    sides.sweep()
    sides.leave(ids[0])
    sides.join(ids[2])
    second = preview_campaigns(sides.context)
    swept = sides.sweep()

    name = ("acme", sides.campaign, sides.context.connection.campaigns[0].list)
    gone = 0 if on_leave is OnLeave.KEEP else 1
    assert first == [PreviewedCampaign(*name, listed=3, joining=1, there=1, waiting=1)]
    assert unchanged == {"Bob": "Sent"}
    assert second == [
        PreviewedCampaign(*name, listed=3, joining=1, there=1, waiting=1, leaving=gone)
    ]
    assert swept.written == 1 + gone


@pytest.mark.rule("CH-28")
@pytest.mark.rule("CMP-6")
def test_a_campaign_that_is_named_is_previewed_by_its_id(sides: Sides) -> None:
    """Who is in it already is found although the settings have its name."""
    (ada, bob) = sides.add("Ada", "Bob")
    sides.join(ada, bob)
    row = {"CampaignId": sides.campaign, "LeadId": sides.people["Bob"].id, "Status": "Sent"}
    sides.person("POST", "CampaignMember", **row)
    sides.set(campaign="Fair")

    name = ("acme", "Fair", sides.context.connection.campaigns[0].list)
    assert preview_campaigns(sides.context) == [
        PreviewedCampaign(*name, listed=2, joining=1, there=1)
    ]


@pytest.mark.rule("CH-28")
def test_a_preview_says_why_a_campaign_would_not_be_swept(sides: Sides) -> None:
    """A missing status, campaign or list, each in a sentence."""
    found = []
    for values in ({"status": "Invited"}, {"campaign": "701000000000999AAA"}, {"list": "9999"}):
        sides.set(**values)
        found += [one.trouble for one in preview_campaigns(sides.context)]

    assert found == [
        'The campaign has no status "Invited"; it has Sent, Responded, Left.',
        ("Salesforce has no campaign 701000000000999AAA, or the integration user may not see it."),
        "HubSpot has no list 9999, or the app may not see it.",
    ]


@pytest.mark.rule("CMP-3")
@pytest.mark.rule("CMP-5")
@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("on_leave", list(OnLeave))
def test_a_crowd_joins_and_half_of_it_leaves(sides: Sides, on_leave: OnLeave, count: int) -> None:
    """The members are right by each setting, for at most twelve Salesforce calls per thousand
    people who join or leave.
    """
    sides.set(on_leave=on_leave, left_status=LEFT if on_leave is OnLeave.STATUS else "")
    half = count // 2
    ids = _crowd(sides, count)
    sides.join(*ids)
    calls = [sides.session.calls]
    joined = sides.sweep()
    calls.append(sides.session.calls)
    sides.leave(*ids[::2])
    left = sides.sweep()
    calls.append(sides.session.calls)

    rows = _statuses(sides)
    stay = {OnLeave.KEEP: count, OnLeave.REMOVE: half, OnLeave.STATUS: count}[on_leave]
    gone = {OnLeave.KEEP: 0, OnLeave.REMOVE: 0, OnLeave.STATUS: half}[on_leave]
    assert (joined.written, len(joined.progress.members)) == (count, count)
    assert (left.written, len(left.progress.members)) == (
        0 if on_leave is OnLeave.KEEP else half,
        half,
    )
    assert (len(rows), rows.count(LEFT)) == (stay, gone)
    assert calls[1] - calls[0] <= 12 * count / 1_000
    assert calls[2] - calls[1] <= 12 * half / 1_000


@pytest.mark.rule("CMP-1")
def test_a_thousand_members_are_shown_for_few_calls(sides: Sides) -> None:
    """Read and written in full batches; once more when they have not changed, read only, and then
    not at all.
    """
    definition = {"name": HUBSPOT_CAMPAIGNS, "label": "Campaigns", "fieldType": "textarea"}
    definition |= {"groupName": "contactinformation", "type": "string"}
    sides._hubspot("POST", "properties/contacts", **definition)
    ids = _crowd(sides, 1_000)
    sides.join(*ids)
    sides.sweep()
    first, then, quiet = (_shown(sides, minutes) for minutes in (1, 15, 15))

    assert first[0] == 1_000
    assert [calls <= most for calls, most in zip(first[1:], (25, 6), strict=True)] == [True, True]
    assert (then, quiet) == ((0, 10, then[2]), (0, 0, 1))
    assert then[2] <= 4


def _shown(sides: Sides, minutes: float) -> tuple[int, int, int]:
    """Contacts written by a sweep of what contacts show, and its calls to HubSpot and Salesforce."""
    sides.clock.advance(60 * minutes)
    context = ShownContext(
        connection=sides.context.connection,
        hubspot=HubspotGateway(sides.client),
        lists=HubspotLists(sides.client),
        members=sides.context.members,
        links=sides.links,
        store=sides.context.store,
        now=sides.context.now,
    )
    before = (sides.client.calls, sides.session.calls)
    swept = show_campaigns(context)
    assert swept.progress.trouble is None
    return (
        swept.written,
        sides.client.calls - before[0],
        sides.session.calls - before[1],
    )


def _crowd(sides: Sides, count: int) -> list[str]:
    """Make that many contacts with their leads, linked; the contacts' ids."""
    ids: list[str] = []
    for start in range(0, count, 100):
        inputs = [{"properties": {"firstname": f"P{start + at}"}} for at in range(100)]
        made = sides._hubspot("POST", "objects/contacts/batch/create", inputs=inputs)
        ids += [row["id"] for row in made["results"]]
        leads = [
            {"attributes": {"type": "Lead"}, "LastName": f"P{start + at}", "Company": "Acme"}
            for at in range(100)
        ]
        body = {"allOrNone": True, "records": leads}
        done = sides.session.call("POST", "composite/sobjects", body=body)
        sides.links.save(
            [
                _link(contact, "Lead", row["id"])
                for contact, row in zip(ids[start:], done, strict=True)
            ]
        )
    return ids


def _statuses(sides: Sides) -> list[str]:
    page = sides.session.call("GET", "query/?q=SELECT+Status+FROM+CampaignMember")
    rows = list(page["records"])
    while not page["done"]:
        path = page["nextRecordsUrl"].rpartition("/v66.0/")[2]
        page = sides.session.call("GET", path)
        rows += page["records"]
    return [row["Status"] for row in rows]

"""A world file with a mistake is refused before anything starts, and the mistake is named."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import DEMO
from local.serve import started
from local.stack import Stack
from local.stack.stack import StackError
from local.world import world_complaints
from simulators.clock import Clock
from simulators.faults import Faults
from simulators.hubspot import HubSpotSimulator
from simulators.salesforce import SalesforceSimulator
from simulators.world_file import WorldError

SETTINGS = DEMO / "settings.toml"


def _hubspot(**keys: Any) -> dict[str, Any]:
    return {"hubspot": [keys]}


def _salesforce(**keys: Any) -> dict[str, Any]:
    return {"salesforce": keys}


def test_all_mistakes_of_a_world_file_are_named_with_their_places_and_the_nearest_key() -> None:
    """Otherwise a misspelt key would leave the default in force."""
    world = {"setup": True, "hubspot": [{}, {"portal": 1}], "salesforce": {"user": []}}
    with pytest.raises(StackError) as caught:
        Stack("", world)
    assert str(caught.value).splitlines() == [
        "the world file cannot be used.",
        "setup: unknown key; the nearest is set_up",
        "hubspot[1].portal: unknown key; the nearest is portal_id",
        "salesforce.user: unknown key; the nearest is users",
    ]


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        ([], "the whole file: must be a JSON object"),
        ({"hubspot": {"portal_id": 1}}, "hubspot: must be a JSON array"),
        ({"hubspot": [7]}, "hubspot[0]: must be a JSON object"),
        ({"qqq": 1}, "qqq: unknown key; there are hubspot, salesforce, set_up"),
        (
            _hubspot(tier="pro"),
            "hubspot[0].tier: 'pro' is none of enterprise, free, professional, starter",
        ),
        (
            _hubspot(owners=[{"email": "pat@example.com", "firstname": "Pat"}]),
            "hubspot[0].owners[0].firstname: unknown key; the nearest is firstName",
        ),
        (_hubspot(portal_id="acme"), "hubspot[0].portal_id: must be a number"),
        (_hubspot(owners=[{}]), "hubspot[0].owners[0]: the key email is missing"),
        (
            _hubspot(lists=[{"name": "Customers", "id": "77"}]),
            "hubspot[0].lists[0].id: unknown key; the nearest is listId",
        ),
        (
            _hubspot(properties={"contract": []}),
            "hubspot[0].properties.contract: unknown key; the nearest is contact",
        ),
        (
            _hubspot(properties={"contacts": [{"name": "colour", "lable": "Colour"}]}),
            "hubspot[0].properties.contacts[0].lable: unknown key; the nearest is label",
        ),
        (
            _hubspot(
                properties={"contacts": [{"name": "c", "options": [{"label": "A", "vaule": "a"}]}]}
            ),
            "hubspot[0].properties.contacts[0].options[0].vaule: unknown key; the nearest is value",
        ),
        (
            _hubspot(
                write_rules=[
                    {
                        "object": "contacts",
                        "property": "phone",
                        "rule": {"when": "city", "iss": "Graz"},
                    }
                ]
            ),
            "hubspot[0].write_rules[0].rule.iss: unknown key; the nearest is is",
        ),
        (
            _salesforce(users=[{"Name": "Sam Example", "EMail": "sam@example.com"}]),
            "salesforce.users[0].EMail: unknown key; the nearest is Email",
        ),
        (
            _salesforce(queues=[{"name": "New leads"}]),
            "salesforce.queues[0]: the key Name is missing",
        ),
        (
            _salesforce(opportunity_record_types=[{"Name": "Renewal", "stage": []}]),
            "salesforce.opportunity_record_types[0].stage: unknown key; the nearest is stages",
        ),
        (
            _salesforce(custom_fields={"Contract__x": []}),
            "salesforce.custom_fields.Contract__x: unknown key; the nearest is Contact",
        ),
        (
            _salesforce(custom_fields={"Lead": [{"name": "A__c", "lenght": 5}]}),
            "salesforce.custom_fields.Lead[0].lenght: unknown key; the nearest is length",
        ),
        (
            _salesforce(records=[{"type": "Lead", "LastNam": "Example"}]),
            "salesforce.records[0].LastNam: unknown key; the nearest is LastName",
        ),
        (
            _salesforce(records=[{"LastName": "Example"}]),
            "salesforce.records[0]: the key type is missing",
        ),
        (
            _salesforce(duplicate_rules=[{"object": "Lead", "match": ["Email"], "action": "ask"}]),
            "salesforce.duplicate_rules[0].action: 'ask' is none of alert, block",
        ),
    ],
)
def test_keys_are_checked_at_every_depth(world: Any, sentence: str) -> None:
    """The sentence has the place, the key, and the nearest key that is known."""
    assert sentence in world_complaints(world)


@pytest.mark.parametrize(
    "world",
    [
        _salesforce(
            custom_fields={"Contact": [{"name": "Colour__c"}], "User": [{"name": "Team__c"}]},
            users=[{"Name": "Sam Example", "Team__c": "North", "ref": "sam"}],
            records=[{"type": "Contact", "LastName": "Example", "colour__c": "red"}],
        ),
        _salesforce(
            person_accounts=True, records=[{"type": "Account", "PersonEmail": "a@example.com"}]
        ),
        _salesforce(state_country_picklists=True, records=[{"type": "Lead", "CountryCode": "AT"}]),
        {"set_up": False, "hubspot": None, "salesforce": None},
    ],
)
def test_fields_that_the_org_has_are_known(world: Mapping[str, Any]) -> None:
    """A row may have its sObject's fields in any case, with those that the world itself adds."""
    assert world_complaints(world) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "world.json is not JSON"),
        ('{"salesforce": {"user": []}}', "salesforce.user: unknown key; the nearest is users"),
    ],
)
def test_serve_shows_a_mistake_and_where_it_stands_without_a_traceback(
    content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who starts the stack sees what to correct, and nothing is started."""
    world = tmp_path / "world.json"
    world.write_text(content)
    given = Namespace(settings=SETTINGS, world=world, port_base=None, seed=0, workers=1)
    assert started(given) is None
    shown = capsys.readouterr()
    assert (shown.out, sentence in shown.err, "Traceback" in shown.err) == ("", True, False)


def test_settings_without_a_list_of_connections_are_refused_by_the_product() -> None:
    """The product's own complaint is shown, with its line."""
    with pytest.raises(StackError, match="the settings are refused"):
        Stack("[connection]\nname = 'acme'", {})


def test_a_simulator_alone_refuses_unknown_keys_too() -> None:
    """A simulator that runs without the stack checks its own part, and says what a CRM refuses."""
    clock = Clock()
    faults = Faults(clock)
    with pytest.raises(WorldError, match=r"hubspot\[0\]\.portal: unknown key"):
        HubSpotSimulator([{"portal": 1}], clock=clock, faults=faults)
    with pytest.raises(WorldError, match=r"Invalid property name"):
        HubSpotSimulator(
            [{"properties": {"contacts": [{"name": "No name"}]}}], clock=clock, faults=faults
        )
    with pytest.raises(WorldError, match=r"salesforce\.user: unknown key"):
        SalesforceSimulator({"user": []}, clock=clock, faults=faults)
    with pytest.raises(WorldError, match="REQUIRED_FIELD_MISSING"):
        SalesforceSimulator({"records": [{"type": "Contact"}]}, clock=clock, faults=faults)

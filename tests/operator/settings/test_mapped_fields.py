"""Mapped fields are looked up in both CRMs when settings are pushed, and their schemas are stored
with the settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crmsync.config import ConfigError, load_settings
from crmsync.errors import Refused
from crmsync.flows.operator.settings import Pushed
from crmsync.flows.setup.mapped_fields import MAPPED_FIELDS
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side
from crmsync.model.settings import CompanySettings, DealSettings, Settings
from crmsync.rules.settings.dates import dated
from crmsync.wire.settings.stored import from_json, to_json
from tests.builders import NOON
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import LABELS, ORG, PORTAL

EVERYWHERE = ("Lead", "Contact")


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """An account and an org with properties and fields of their own."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        yield made


def row(hubspot: str, salesforce: str, update: str = "two_way", section: str = "contacts") -> str:
    """A mapping of four lines."""
    return f'[[connection.{section}.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "{update}"\n'


def calls(deployment: Deployment) -> tuple[int, int]:
    """The numbers of calls to HubSpot and to Salesforce."""
    return deployment.hubspot.stats()["calls"], deployment.salesforce.stats()["calls"]


COLOUR = row("favourite_colour", "favourite_colour__c")
LEARNT = FieldRule(
    "favourite_colour",
    "Favourite_Colour__c",
    form=FieldType.CHOICE,
    objects=EVERYWHERE,
    choices=(("red", "Red"), ("dark_blue", "DB")),
    restricted=True,
)


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-11")
def test_the_schemas_of_mapped_fields_are_stored_with_the_settings(deployment: Deployment) -> None:
    """Types, lengths, choices and objects are read once per object and stored."""
    text = (
        MINIMAL
        + COLOUR
        + row("nickname", "Nickname__c", "fill_blank")
        + row("interests", "Interests__c")
    )
    text += (
        row("score", "Points__c", "always_hubspot")
        + row("message", "Description")
        + row("hs_email_domain", "Hint__c", "never")
    )

    deployment.operator.settings.push(text, apply=True)

    assert deployment.operator.settings.in_force().connections[0].contacts.field == (
        LEARNT,
        FieldRule("nickname", "Nickname__c", Update.FILL_BLANK, objects=EVERYWHERE, length=10),
        FieldRule(
            *("interests", "Interests__c"),
            form=FieldType.MULTI,
            objects=EVERYWHERE,
            choices=(("golf", "Golf"), ("chess", "Chess")),
        ),
        FieldRule(
            "score",
            "Points__c",
            Update.ALWAYS_HUBSPOT,
            FieldType.NUMBER,
            objects=EVERYWHERE,
            length=5,
            scale=1,
        ),
        FieldRule("message", "Description", objects=EVERYWHERE, length=32_000),
        FieldRule("hs_email_domain", "Hint__c", Update.NEVER, objects=("Lead",), length=80),
    )


def test_a_file_with_default_rows_costs_no_call(deployment: Deployment) -> None:
    """Fields of the default mappings are known, whatever policy a row gives them."""
    deployment.operator.settings.push(MINIMAL + row("phone", "Phone", "never"), apply=True)

    assert calls(deployment) == (0, 0)


def test_mapped_fields_cost_one_call_per_object(deployment: Deployment) -> None:
    """The number of rows does not matter: HubSpot's contacts, Salesforce's leads and contacts, and
    one login.
    """
    deployment.operator.settings.push(
        MINIMAL + COLOUR + row("nickname", "Nickname__c"), apply=False
    )

    assert calls(deployment) == (1, 2)


def test_properties_are_read_with_the_date_based_api_too() -> None:
    """HubSpot's date-based API has the properties under another path."""
    with deployments.deployment(portal=PORTAL, org=ORG, version="2026-03") as dated:
        dated.operator.settings.push(MINIMAL + COLOUR, apply=True)

        assert dated.operator.settings.in_force().connections[0].contacts.field == (LEARNT,)


@pytest.mark.rule("MAP-10")
def test_companies_and_deals_have_fields_of_their_own(deployment: Deployment) -> None:
    """Their rows are looked up in accounts and opportunities."""
    rows = row("rating", "Rating__c", section="companies") + row(
        "next_step", "next_step__c", section="deals"
    )

    deployment.operator.settings.push(MINIMAL + rows, apply=True)

    (connection,) = deployment.operator.settings.in_force().connections
    rating = FieldRule("rating", "Rating__c", objects=("Account",), length=255)
    assert connection.companies == CompanySettings(since=NOON, field=(rating,))
    next_step = FieldRule("next_step", "Next_Step__c", objects=("Opportunity",), length=255)
    assert connection.deals == DealSettings(since=NOON, field=(next_step,))


@pytest.mark.rule("CH-14")
def test_deals_can_be_matched_only_by_unique_fields(deployment: Deployment) -> None:
    """The property must demand unique values and the field must be an external id; any other pair
    is refused with its reason.
    """
    unique = (
        '[connection.deals]\nmatch_hubspot = "order_number"\nmatch_salesforce = "order_number__c"\n'
    )
    shared = '[connection.deals]\nmatch_hubspot = "next_step"\nmatch_salesforce = "Next_Step__c"\n'
    unknown = '[connection.deals]\nmatch_hubspot = "number"\nmatch_salesforce = "Number__c"\n'

    assert deployment.operator.settings.push(MINIMAL + unique, apply=True).applied
    complaints = []
    for section in (shared, unknown):
        with pytest.raises(ConfigError) as refused:
            deployment.operator.settings.push(MINIMAL + section, apply=True)
        complaints += str(refused.value).splitlines()

    assert complaints == [
        (
            "line 10: next_step may hold one value in several deals: to be matched, deals need a property that demands unique "
            "values, which is said when a property is made (CH-14)"
        ),
        "line 11: Next_Step__c is no external id: mark it as one, and as unique, in Salesforce's Object Manager (CH-14)",
        "line 10: HubSpot's deals have no property number (CH-14)",
        "line 11: Opportunity has no field Number__c, or the integration user may not see it (CH-14)",
    ]


WRONG = {
    row("nickname", "Sponsor__c"): (
        "line 11: nickname is single-line text, which cannot be written to Sponsor__c on Lead, a lookup to Account (MAP-7)"
    ),
    row("nickname", "Points__c"): (
        "line 11: nickname is single-line text, Points__c on Lead is of type double; "
        "single-line text goes with string, email, phone, url, textarea (MAP-7)"
    ),
    row("favorite_colour", "Favourite_Colour__c"): (
        'line 10: HubSpot\'s contacts have no property favorite_colour; did you mean "favourite_colour"? (MAP-8)'
    ),
    row("favourite_colour", "Favorite_Colour__c"): (
        'line 11: neither Lead nor Contact has a field Favorite_Colour__c; did you mean "Favourite_Colour__c"? (MAP-8)'
    ),
    row("second_owner", "Nickname__c"): (
        "line 10: second_owner holds a HubSpot user, and such a property cannot be mapped (MAP-9)"
    ),
    row("score", "Points__c"): (
        'line 10: score cannot be written in HubSpot, so its update must be "always_hubspot" or "never", not "two_way" (MAP-8)'
    ),
    row("associatedcompanyid", "Formula__c", "prefer_hubspot"): (
        'line 11: Formula__c cannot be written in Salesforce, so its update must be "always_salesforce" or "never", '
        'not "prefer_hubspot" (MAP-8)'
    ),
    row(
        "hs_lead_status", "Industry"
    ): "line 11: Industry is mapped already: by default industry goes with it (MAP-8)",
    row("lifecyclestage", "Favourite_Colour__c"): (
        'line 11: Favourite_Colour__c on Lead lacks "Subscriber", "Lead", "Marketing Qualified Lead", "Sales Qualified Lead", '
        '"Opportunity" and 3 more: its values must be the labels of HubSpot\'s lifecycle stages (MAP-16)'
    ),
}


@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-8")
@pytest.mark.rule("MAP-9")
@pytest.mark.rule("MAP-16")
@pytest.mark.parametrize("rows", WRONG)
def test_a_row_that_the_crms_contradict_is_refused(deployment: Deployment, rows: str) -> None:
    """Push and check name the line and the rule, and the settings in force stay."""
    for refuse in (
        lambda text: deployment.operator.settings.push(text, apply=True),
        deployment.operator.setup.check,
    ):
        with pytest.raises(ConfigError) as refused:
            refuse(MINIMAL + rows)
        assert str(refused.value) == WRONG[rows]
    assert deployment.operator.settings.in_force().version == 0


@pytest.mark.rule("MAP-5")
def test_an_owner_row_does_not_shift_the_lines(deployment: Deployment) -> None:
    """Every complaint has the line of its own row, whatever rows come before it."""
    rows = (
        row("hubspot_owner_id", "OwnerId")
        + row("nick", "Nickname__c")
        + row("nickname", "Nickname_c")
    )

    with pytest.raises(ConfigError) as refused:
        deployment.operator.settings.push(MINIMAL + rows, apply=True)

    assert str(refused.value).splitlines() == [
        'line 14: HubSpot\'s contacts have no property nick; did you mean "nickname"? (MAP-8)',
        'line 19: neither Lead nor Contact has a field Nickname_c; did you mean "Nickname__c"? (MAP-8)',
    ]


@pytest.mark.rule("FLD-2")
@pytest.mark.rule("MAP-16")
def test_the_lifecycle_stage_is_mapped_by_its_labels(deployment: Deployment) -> None:
    """With a picklist of the labels, HubSpot's internal names never reach Salesforce."""
    deployment.operator.settings.push(MINIMAL + row("lifecyclestage", "Stage__c"), apply=True)

    (rule,) = deployment.operator.settings.in_force().connections[0].contacts.field
    assert tuple(label for _, label in rule.choices) == LABELS
    assert rule.choices[2] == ("marketingqualifiedlead", "Marketing Qualified Lead")


@pytest.mark.rule("MAP-6")
def test_a_new_mapping_writes_nothing_when_it_is_pushed(deployment: Deployment) -> None:
    """A mapping is not retroactive: pushing it writes to no record."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    deployment.operator.settings.push(MINIMAL + COLOUR, apply=True)
    (row,) = deployment.operator.settings.in_force().connections[0].contacts.field
    deployment.operator.settings.rollback(1, apply=True)

    assert (deployment.writes, row.since) == ((0, 0), NOON)
    assert (
        deployment.operator.settings.in_force().connections
        == dated(Settings(), load_settings(MINIMAL), NOON).connections
    )


@pytest.mark.rule("MAP-6")
def test_the_same_text_keeps_the_date_of_its_rows(deployment: Deployment) -> None:
    """Pushing or checking the same file again does not change the dates of its rows."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.settings.push(MINIMAL + COLOUR, apply=True)

    assert deployment.operator.settings.push(MINIMAL + COLOUR, apply=True) == Pushed(
        2, applied=False
    )
    assert not [
        step for step in deployment.operator.setup.check().steps if step.what == MAPPED_FIELDS
    ]


def test_choices_without_a_counterpart_are_a_warning(deployment: Deployment) -> None:
    """The mapping comes into force all the same."""
    text = MINIMAL + row("hs_lead_status", "Stage__c", "always_salesforce")

    pushed = deployment.operator.settings.push(text, apply=True)

    assert (pushed.applied, [(one.line, one.rule) for one in pushed.warnings]) == (
        True,
        [(11, "MAP-7")],
    )
    assert pushed.warnings[0].sentence.startswith(
        '"Subscriber", "Lead", "Marketing Qualified Lead"'
    )
    assert [
        one for one in deployment.operator.setup.check(text).warnings if one.rule != "TASK-1"
    ] == [*pushed.warnings]


@pytest.mark.parametrize("at", ["hubspot", "salesforce"])
def test_nothing_is_pushed_unchecked(deployment: Deployment, at: str) -> None:
    """If a CRM does not answer, a push is refused by the name of that CRM; a check reports
    everything else.
    """
    deployment.faults.replace([{"at": at, "kind": "server_error", "times": 50}])

    with pytest.raises(Refused) as refused:
        deployment.operator.settings.push(MINIMAL + COLOUR, apply=True)

    assert refused.value.text.startswith(
        f"the fields that acme maps could not be looked up in {at}: "
    )
    assert refused.value.hint.endswith(f"Nothing was pushed; try again once {at} answers.")
    assert deployment.operator.settings.in_force().version == 0
    deployment.operator.settings.push(MINIMAL, apply=True)
    *_, last = deployment.operator.setup.check(MINIMAL + COLOUR).steps
    assert (last.side, last.what, last.state) == (Side(at), "mapped fields", StepState.FAILED)


def test_a_changed_field_is_updated_by_another_push(deployment: Deployment) -> None:
    """The check reports that the stored schema is out of date, and the same file pushed again
    updates it.
    """
    text = MINIMAL + COLOUR
    deployment.operator.settings.push(text, apply=True)
    deployment.operator.setup.set_up(apply=True)
    assert deployment.operator.setup.check().is_good
    assert deployment.operator.settings.push(text, apply=True) == Pushed(1, applied=False)

    options = [{"value": "red", "label": "Red"}, {"value": "db", "label": "Navy"}]
    deployment.make_in_hubspot(
        "/crm/v3/properties/contacts/favourite_colour", {"options": options}, "PATCH"
    )

    changed = "favourite_colour / Favourite_Colour__c changed in a CRM since the push: push the settings again"
    stale = SetupStep("acme", Side.SALESFORCE, "mapped fields", StepState.WRONG, changed)
    assert [step for step in deployment.operator.setup.check().steps if not step.is_good] == [stale]
    changes = ("what the CRMs say of the mapped fields",)
    assert deployment.operator.settings.push(text, apply=True) == Pushed(
        2, applied=True, changes=changes
    )
    assert deployment.operator.setup.check().is_good
    (rule,) = deployment.operator.settings.in_force().connections[0].contacts.field
    assert rule == replace(LEARNT, choices=(("red", "Red"), ("db", "DB")))


def test_stored_schemas_are_read_back() -> None:
    """Choices and objects are stored; a row of an older release has none."""
    (connection,) = load_settings(MINIMAL + COLOUR).connections
    contacts = replace(connection.contacts, field=(LEARNT,))
    settings = replace(
        load_settings(MINIMAL), connections=(replace(connection, contacts=contacts),), version=3
    )

    assert from_json(to_json(settings), 3) == settings
    older = '{"connections":[{"name":"acme","hubspot":{"portal_id":1,"secret":"s"},"salesforce":{"login_url":"u","secret":"s"},'
    older += (
        '"contacts":{"field":[{"hubspot":"a","salesforce":"B","update":"never","form":"text"}]}}]}'
    )
    assert from_json(older, 1).connections[0].contacts.field == (FieldRule("a", "B", Update.NEVER),)

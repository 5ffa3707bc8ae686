"""A valid settings file becomes the settings, with defaults for what it leaves out."""

from __future__ import annotations

import pytest

from crmsync.config import Complaint, Reading, load_settings, read_settings
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.settings import (
    CompanySettings,
    Connection,
    ContactSettings,
    CreateInHubspot,
    CreateInSalesforce,
    DealSettings,
    EmailTaskSettings,
    HubspotAccount,
    LifecycleSettings,
    OnRefusedField,
    OutsideInclusionList,
    Repeat,
    RevenueBasis,
    SalesforceOrg,
    Settings,
    UndoSettings,
)
from tests.config.files import EVERYTHING, MINIMAL

ACME = Connection(
    "acme",
    HubspotAccount(555001, "crmsync/acme/hubspot"),
    SalesforceOrg("https://acme.my.salesforce.com", "crmsync/acme/salesforce"),
)
SECOND = MINIMAL.replace("acme", "beta").replace("555001", "555002")
SHARED = (MINIMAL + SECOND).replace("beta.my", "acme.my")


def contacts(lines: str) -> ContactSettings:
    """Return the contact settings of the minimal file with these lines in their section."""
    return load_settings(f"{MINIMAL}[connection.contacts]\n{lines}\n").connections[0].contacts


@pytest.mark.rule("INC-5")
def test_missing_keys_have_defaults() -> None:
    """A new deployment creates leads and contacts on both sides, and has no inclusion list."""
    assert read_settings(MINIMAL) == Reading(Settings((ACME,)))


def test_every_key_of_the_file_is_a_setting() -> None:
    """The complete file of the documentation is read, each value different from its default."""
    contact_settings = ContactSettings(
        create_in_salesforce=CreateInSalesforce.CONTACT_IF_ACCOUNT,
        create_in_hubspot=CreateInHubspot.CONTACTS_ONLY,
        inclusion_list="77",
        outside_inclusion_list=OutsideInclusionList.SYNC,
        delete_in_hubspot=True,
        company_fallback="Private person",
        last_name_fallback="",
        show_campaigns=True,
        max_deletes_per_hour=10,
        max_changes_per_hour=1000,
        on_refused_field=OnRefusedField.BLOCK,
        field=(
            FieldRule("favourite_colour", "Favourite_Colour__c", Update.PREFER_SALESFORCE),
            FieldRule("phone", "Phone", Update.ALWAYS_SALESFORCE, FieldType.PHONE, length=40),
        ),
    )
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crmsync/acme/salesforce-AbCdEf"
    connection = Connection(
        "acme",
        ACME.hubspot,
        SalesforceOrg("https://acme--uat.sandbox.my.salesforce.com", arn, 20_000),
        contact_settings,
        CompanySettings(
            auto_create_and_associate=False,
            match_by_domain=True,
            remove_associations=True,
            delete_in_hubspot=True,
            max_deletes_per_hour=20,
            max_changes_per_hour=0,
            on_refused_field=OnRefusedField.BLOCK,
            field=(FieldRule("rating", "Rating__c"),),
        ),
        DealSettings(
            pipelines=("Partners", "Renewals"),
            close_date_fallback="",
            match_hubspot="order_number",
            match_salesforce="Order_Number__c",
            total_revenue_basis=RevenueBasis.WON,
            remove_associations=True,
            delete_in_hubspot=False,
            hold_deletes_hours=48,
            max_deletes_per_hour=30,
            max_blanks_per_hour=50,
            on_refused_field=OnRefusedField.BLOCK,
            field=(FieldRule("next_step", "Next_Step__c", Update.FILL_BLANK),),
        ),
        LifecycleSettings(automatic_transitions=False, sync_to_company_contacts=False),
        EmailTaskSettings(("OPEN", "CLICK", "BOUNCE"), Repeat.ONCE_PER_DAY),
        (("ada@example.com", "a.lang@example.com"), ("ben@example.com", "005000000000001AAA")),
        UndoSettings(72),
    )

    assert read_settings(EVERYTHING) == Reading(Settings((connection,)))


@pytest.mark.parametrize("policy", Update)
def test_each_policy_can_be_given_to_a_mapping(policy: Update) -> None:
    """They are the four policies of HubSpot's own connector and three more (CH-4)."""
    rows = f'[[connection.contacts.field]]\nhubspot = "colour"\nsalesforce = "Colour__c"\nupdate = "{policy}"\n'

    assert contacts(rows).field == (FieldRule("colour", "Colour__c", policy),)


def test_a_row_of_a_default_pair_changes_only_its_policy() -> None:
    """Spelling and types stay as in the default mapping."""
    rows = '[[connection.contacts.field]]\nhubspot = "email"\nsalesforce = "email"\nupdate = "prefer_hubspot"\n'

    assert contacts(rows).field == (
        FieldRule("email", "Email", Update.PREFER_HUBSPOT, FieldType.EMAIL, length=80),
    )


def test_leads_and_contacts_have_their_own_default_pairs() -> None:
    """A property that is mapped to one field of leads and another of contacts has two rows."""
    rows = (
        '[[connection.contacts.field]]\nhubspot = "city"\nsalesforce = "City"\nupdate = "never"\n'
        '[[connection.contacts.field]]\nhubspot = "city"\nsalesforce = "MailingCity"\nupdate = "never"\n'
    )

    assert contacts(rows).field == (
        FieldRule("city", "City", Update.NEVER, length=40),
        FieldRule("city", "MailingCity", Update.NEVER, length=40),
    )


@pytest.mark.rule("MAP-5")
def test_a_row_that_repeats_the_owner_mapping_changes_nothing() -> None:
    """The owner mapping is two-way in any case."""
    rows = '[[connection.contacts.field]]\nhubspot = "hubspot_owner_id"\nsalesforce = "OwnerId"\n'

    assert contacts(rows) == ContactSettings()


@pytest.mark.rule("SET-7")
@pytest.mark.parametrize("switch", [True, False])
def test_automatic_transitions_are_a_switch(switch: bool) -> None:  # noqa: FBT001 - the setting itself
    """By default, changes in Salesforce may change a lifecycle stage."""
    (connection,) = load_settings(
        f"{MINIMAL}[connection.lifecycle]\nautomatic_transitions = {str(switch).lower()}\n"
    ).connections

    assert connection.lifecycle == LifecycleSettings(automatic_transitions=switch)
    assert load_settings(MINIMAL).connections[0].lifecycle.automatic_transitions


@pytest.mark.rule("SET-8")
@pytest.mark.parametrize("switch", [True, False])
def test_stages_for_the_whole_company_are_a_switch(switch: bool) -> None:  # noqa: FBT001 - the setting itself
    """By default, a contact's stage is copied to all contacts of its company."""
    (connection,) = load_settings(
        f"{MINIMAL}[connection.lifecycle]\nsync_to_company_contacts = {str(switch).lower()}\n"
    ).connections

    assert connection.lifecycle == LifecycleSettings(sync_to_company_contacts=switch)
    assert load_settings(MINIMAL).connections[0].lifecycle.sync_to_company_contacts


@pytest.mark.rule("Q-18")
def test_owners_with_different_addresses_are_mapped() -> None:
    """A HubSpot owner's address is mapped to a Salesforce user's address or id, in the order of the
    file; quotes separate keys.
    """
    rows = '"ada@example.com" = "Ada.Lang@example.com"\n"ben@example.com" = "005000000000001AAA"\n'
    (connection,) = load_settings(f"{MINIMAL}[connection.owners]\n{rows}").connections

    assert connection.owners == (
        ("ada@example.com", "Ada.Lang@example.com"),
        ("ben@example.com", "005000000000001AAA"),
    )
    assert load_settings(MINIMAL).connections[0].owners == ()


@pytest.mark.rule("SET-9")
@pytest.mark.parametrize("inclusion_list", ["", "default", "77"])
def test_an_inclusion_list_is_a_list_the_preset_or_none(inclusion_list: str) -> None:
    """By default there is no list; otherwise it is the id of a HubSpot list, or "all but
    subscribers" (INC-4, Q-24).
    """
    assert contacts(f'inclusion_list = "{inclusion_list}"') == ContactSettings(
        inclusion_list=inclusion_list
    )


@pytest.mark.rule("INS-1")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://agency.my.salesforce.mil", "https://agency.my.salesforce.mil"),
        ("https://agency.crmforce.mil/", "https://agency.crmforce.mil"),
        ("https://acme.my.salesforce.com:8443", "https://acme.my.salesforce.com:8443"),
        ("http://127.0.0.1:4567", "http://127.0.0.1:4567"),
        ("http://localhost:4567/", "http://localhost:4567"),
        ("http://[::1]:4567", "http://[::1]:4567"),
    ],
)
def test_a_login_address_is_any_host(written: str, meant: str) -> None:
    """Government Cloud has its own hosts, so none is required; plain HTTP is allowed only on the
    own machine.
    """
    settings = load_settings(MINIMAL.replace("https://acme.my.salesforce.com", written))

    assert settings.connections[0].salesforce.login_url == meant


def test_switching_companies_off_switches_deals_off() -> None:
    """A file that switches companies off and does not mention deals switches both off (OPP-2)."""
    (connection,) = load_settings(MINIMAL + "[connection.companies]\nsync = false\n").connections

    assert (connection.companies, connection.deals) == (
        CompanySettings(sync=False),
        DealSettings(sync=False),
    )


@pytest.mark.rule("TEN-1")
def test_several_accounts_may_share_an_org() -> None:
    """Two connections to one org each have their own portal."""
    assert [one.hubspot.portal_id for one in load_settings(SHARED).connections] == [555001, 555002]


@pytest.mark.rule("TEN-3")
def test_accounts_that_share_an_org_are_warned() -> None:
    """It is allowed, but recommended only if no account creates contacts by itself."""
    never = '[connection.contacts]\ncreate_in_hubspot = "never"\n'
    sentence = (
        "2 HubSpot accounts share this Salesforce org: a record that one of them makes may become a contact in the others; "
        '"never" is recommended, not "{}"'
    )

    assert read_settings(SHARED).warnings == (
        Complaint(1, sentence.format("leads_and_contacts"), "TEN-3"),
        Complaint(9, sentence.format("leads_and_contacts"), "TEN-3"),
    )
    only = '[connection.contacts]\ncreate_in_hubspot = "leads_only"\n'
    assert read_settings(SHARED + only).warnings[1] == Complaint(
        18, sentence.format("leads_only"), "TEN-3"
    )
    assert [warning.line for warning in read_settings(SHARED + never).warnings] == [1]
    assert read_settings(MINIMAL + SECOND).warnings == ()


@pytest.mark.rule("CH-5")
@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ((("Line__c", "always_hubspot"), ("line__c", "prefer_hubspot")), [27]),
        ((("Line__c", "always_hubspot"), ("Line__c", "two_way")), []),
        ((("Line__c", "always_salesforce"), ("Line__c", "always_hubspot")), []),
        ((("Line__c", "always_hubspot"), ("Other__c", "always_hubspot")), []),
    ],
)
def test_accounts_that_both_win_over_one_field_are_warned(
    rows: tuple[tuple[str, str], ...], lines: list[int]
) -> None:
    """On one org, only one HubSpot account should win over a Salesforce field; in orgs of their own
    each may.
    """

    def with_rows(*connections: str) -> str:
        return "\n".join(
            f'{connection}\n[[connection.contacts.field]]\nhubspot = "line"\n'
            f'salesforce = "{field}"\nupdate = "{update}"\n'
            for connection, (field, update) in zip(connections, rows, strict=True)
        )

    first, second = SHARED.split("[[connection]]")[1:]
    shared = with_rows(f"[[connection]]{first}", f"[[connection]]{second}")
    found = [one for one in read_settings(shared).warnings if one.rule == "CH-5"]
    assert [one.line for one in found] == lines
    sentence = (
        '"acme" and "beta" share this Salesforce org and let HubSpot win over line__c: where their '
        "values differ, each overwrites the other's until the field of that record is stopped; let "
        "one of them win"
    )
    assert [one.sentence for one in found] == [sentence] * len(lines)
    assert read_settings(with_rows(MINIMAL, SECOND)).warnings == ()


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_a_common_login_host_does_not_mean_one_org(host: str) -> None:
    """With a login host that all orgs share, the same secret means the same org."""
    text = (
        (MINIMAL + SECOND)
        .replace("acme.my.salesforce.com", host)
        .replace("beta.my.salesforce.com", host)
    )

    assert read_settings(text).warnings == ()
    same = text.replace("crmsync/beta/salesforce", "crmsync/acme/salesforce")
    assert [warning.line for warning in read_settings(same).warnings] == [1, 9]

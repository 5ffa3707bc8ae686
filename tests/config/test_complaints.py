"""A wrong settings file is refused with all complaints at once, each with its line and its rule."""

from __future__ import annotations

import pytest

from crmsync.config import ConfigError, decode
from tests.config.files import EVERYTHING, MINIMAL, complaints

KINDS = (
    "SENT, DROPPED, PROCESSED, DELIVERED, DEFERRED, BOUNCE, OPEN, CLICK, PRINT, FORWARD, STATUSCHANGE, SPAMREPORT, SUPPRESSED, "
    "SUPPRESSION, UNBOUNCE"
)
POLICIES = "two_way, prefer_salesforce, always_salesforce, prefer_hubspot, always_hubspot, fill_blank, never"
SECOND = MINIMAL.replace("acme", "beta").replace("555001", "555002")


def row(hubspot: str, salesforce: str, update: str = "two_way", section: str = "contacts") -> str:
    """Return a mapping of four lines."""
    return f'[[connection.{section}.field]]\nhubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "{update}"\n'


def template(*lines: str) -> str:
    """Return a template of tasks."""
    return "\n".join(["[[connection.email_tasks.template]]", *lines, ""])


SHAPES = {
    "an empty file": ("", "line 1: the file needs [[connection]] (CFG-1)"),
    "no TOML": ("[[connection]]\nname = acme\n", "line 2: this is not TOML: invalid value (CFG-1)"),
    "a text that does not end": (
        '[[connection]]\nname = """acme\n',
        "line 2: this is not TOML: unterminated string (CFG-1)",
    ),
    "a key twice": (
        MINIMAL + 'secret = "other"\n',
        "line 9: this is not TOML: cannot overwrite a value (CFG-1)",
    ),
    "one pair of brackets": (
        '[connection]\nname = "acme"\n',
        "line 1: connection is a table, must be written as [[connection]] (CFG-1)",
    ),
    "a value in a table's place": (
        MINIMAL.replace("[[connection]]\n", "[[connection]]\nlifecycle = true\n"),
        "line 2: lifecycle is true, must be written as [connection.lifecycle] (CFG-1)",
    ),
    "owners that are no table": (
        MINIMAL.replace("[[connection]]\n", "[[connection]]\nowners = 3\n"),
        "line 2: owners is 3, must be written as [connection.owners] (CFG-1)",
    ),
    "one mapping with single brackets": (
        MINIMAL + "[connection.contacts.field]\n",
        "line 9: field is a table, must be written as [[connection.contacts.field]] (CFG-1)",
    ),
    "an unknown key": (
        MINIMAL + '[connection.contacts]\ncreat_in_hubspot = "never"\n',
        'line 10: unknown key "creat_in_hubspot" in [connection.contacts]; did you mean "create_in_hubspot"? (CFG-2)',
    ),
    "a key of another table": (
        MINIMAL + "portal_id = 3\n",
        'line 9: unknown key "portal_id" in [connection.salesforce]; did you mean "connection.hubspot.portal_id"? (CFG-2)',
    ),
    "an unknown table": (
        MINIMAL + "[connection.tickets]\nsync = true\n",
        'line 9: unknown key "tickets" in [[connection]] (CFG-2)',
    ),
    "an unknown table at the top": (
        "[contacts]\n" + MINIMAL,
        'line 1: unknown key "contacts"; did you mean "connection.contacts"? (CFG-2)',
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_the_file_must_be_toml_with_the_tables_of_the_settings(case: str) -> None:
    """Invalid TOML, wrong tables and unknown keys are named with their lines (CFG-1, CFG-2)."""
    text, complaint = SHAPES[case]

    assert complaints(text) == [complaint]


def test_a_file_must_be_utf_8() -> None:
    """The complaint has the line of the first byte that is not UTF-8."""
    assert decode("# Köln\n".encode("utf-8-sig")) == "# Köln\n"
    with pytest.raises(
        ConfigError, match=r"^line 2: this is not UTF-8, which TOML has to be \(CFG-1\)$"
    ):
        decode(b"#\n# K\xf6ln\n")


def test_a_connection_needs_a_name_two_sides_and_their_secrets() -> None:
    """Every required key that is missing is named at its table (CFG-3)."""
    text = "[[connection]]\n[connection.hubspot]\n\n[connection.salesforce]\n[[connection]]\n"

    assert complaints(text) == [
        "line 1: [[connection]] needs name (CFG-3)",
        "line 2: [connection.hubspot] needs portal_id (CFG-3)",
        "line 2: [connection.hubspot] needs secret (CFG-3)",
        "line 4: [connection.salesforce] needs login_url (CFG-3)",
        "line 4: [connection.salesforce] needs secret (CFG-3)",
        "line 5: [[connection]] needs [connection.hubspot] (CFG-3)",
        "line 5: [[connection]] needs [connection.salesforce] (CFG-3)",
        "line 5: [[connection]] needs name (CFG-3)",
    ]


CONTACTS = "[connection.contacts]\n"
OWNERS = "[connection.owners]\n"
A_USER = "must be the e-mail address or the 18-character id of a Salesforce user (Q-18)"
VALUES = {
    'name = "acme"|name = "acme inc"': 'line 2: name is "acme inc", must be 1 to 64 letters, digits, dots, dashes or underscores (TEN-1)',
    "portal_id = 555001|portal_id = 0": "line 4: portal_id is 0, must be at least 1 (TEN-1)",
    'portal_id = 555001|portal_id = "555001"': 'line 4: portal_id is "555001", must be a whole number (TEN-1)',
    "crmsync/acme/hubspot|pat-eu1-0123": (
        "line 5: secret looks like a secret itself: keep it in Secrets Manager and write its name here (CFG-3)"
    ),
    "crmsync/acme/hubspot|acme hubspot": (
        "line 5: secret must be the name or the ARN of a secret: 1 to 512 letters, digits and /_+=.@:- (CFG-3)"
    ),
    '"crmsync/acme/hubspot"|7': "line 5: secret is something else, must be a text in quotes (CFG-3)",
    "https://acme|http://acme": 'line 7: login_url is "http://acme.my.salesforce.com", must begin with "https://" (INS-1)',
    "https://acme.my.salesforce.com|login": (
        'line 7: login_url is "login", must be an address such as "https://acme.my.salesforce.com" (INS-1)'
    ),
    "salesforce.com|salesforce.com:port": (
        'line 7: login_url is "https://acme.my.salesforce.com:port", must be an address such as "https://acme.my.salesforce.com" (INS-1)'
    ),
    "salesforce.com|salesforce.com/services": (
        'line 7: login_url must end with the host, as in "https://acme.my.salesforce.com" (INS-1)'
    ),
    "https://acme|https://me:pw@acme": 'line 7: login_url must end with the host, as in "https://acme.my.salesforce.com" (INS-1)',
}


@pytest.mark.parametrize("change", VALUES)
def test_the_values_of_a_connection_must_be_valid(change: str) -> None:
    """Names, numbers, addresses and secrets' names have their forms; a secret itself is never
    repeated.
    """
    old, new = change.split("|")

    assert complaints(MINIMAL.replace(old, new, 1)) == [VALUES[change]]


ADDED = {
    "[connection.salesforce2]": 'line 9: unknown key "salesforce2" in [[connection]]; did you mean "salesforce"? (CFG-2)',
    "daily_call_allotment = -1": "line 9: daily_call_allotment is -1, must be at least 0 (API-1)",
    'event_relay = "eu-west-1"': (
        'line 9: event_relay is "eu-west-1", must be an AWS region and account such as "arn:aws:EU-WEST-1:111122223333", or "" (TRG-16)'
    ),
    'duplicates = "block"': 'line 9: duplicates is "block", must be one of report, allow (ERR-4)',
    CONTACTS + "sync = 1": "line 10: sync is 1, must be true or false (SET-2)",
    CONTACTS + 'create_in_salesforce = "leads"': (
        'line 10: create_in_salesforce is "leads", must be one of lead, contact, contact_if_account, never (SET-2)'
    ),
    CONTACTS + "create_in_hubspot = false": (
        "line 10: create_in_hubspot is false, must be one of never, leads_and_contacts, leads_only, contacts_only (SET-1)"
    ),
    CONTACTS
    + "inclusion_list = 77": "line 10: inclusion_list is 77, must be a text in quotes (SET-9)",
    CONTACTS + 'inclusion_list = "VIPs"': (
        'line 10: inclusion_list is "VIPs", must be the id of a HubSpot list (digits), "default" or "" (SET-9)'
    ),
    CONTACTS + 'outside_inclusion_list = "drop"': (
        'line 10: outside_inclusion_list is "drop", must be one of freeze, sync, ignore (INC-7)'
    ),
    CONTACTS
    + 'delete_in_hubspot = "no"': 'line 10: delete_in_hubspot is "no", must be true or false (DEL-1)',
    CONTACTS
    + "company_fallback = false": "line 10: company_fallback is false, must be a text in quotes (Q-35)",
    CONTACTS + f'last_name_fallback = "{"x" * 81}"': (
        f'line 10: last_name_fallback is "{"x" * 60}...", must be a text of at most 80 characters (Q-35)'
    ),
    CONTACTS
    + "max_deletes_per_hour = -5": "line 10: max_deletes_per_hour is -5, must be at least 0 (Q-30)",
    CONTACTS
    + "max_deletes_per_hour = 1.5": "line 10: max_deletes_per_hour is 1.5, must be a whole number (Q-30)",
    CONTACTS + 'max_changes_per_hour = "many"': (
        'line 10: max_changes_per_hour is "many", must be a whole number, at least 0, or "auto" (Q-30)'
    ),
    CONTACTS + "max_changes_per_hour = -1": (
        'line 10: max_changes_per_hour is -1, must be a whole number, at least 0, or "auto" (Q-30)'
    ),
    "[connection.deals]\nmax_blanks_per_hour = true": (
        'line 10: max_blanks_per_hour is true, must be a whole number, at least 0, or "auto" (Q-30)'
    ),
    CONTACTS
    + 'on_refused_field = "drop"': 'line 10: on_refused_field is "drop", must be one of skip, block (CH-8)',
    "[connection.deals]\non_refused_field = true": "line 10: on_refused_field is true, must be one of skip, block (CH-8)",
    "[connection.companies]\nsync = 0": "line 10: sync is 0, must be true or false (SET-4)",
    "[connection.companies]\nauto_create_and_associate = 2": (
        "line 10: auto_create_and_associate is 2, must be true or false (SET-6)"
    ),
    '[connection.companies]\nmatch_by_domain = "yes"': 'line 10: match_by_domain is "yes", must be true or false (CH-15)',
    "[connection.companies]\nremove_associations = 1": "line 10: remove_associations is 1, must be true or false (Q-29)",
    "[connection.companies]\ndelete_in_hubspot = 0": "line 10: delete_in_hubspot is 0, must be true or false (DEL-1)",
    "[connection.deals]\nsync = []": "line 10: sync is a list, must be true or false (SET-5)",
    '[connection.deals]\npipelines = "Partners"': (
        'line 10: pipelines is "Partners", must be a list in square brackets (Q-26)'
    ),
    '[connection.deals]\npipelines = ["Partners", 5]': "line 10: pipelines is 5, must be a text in quotes (Q-26)",
    '[connection.deals]\npipelines = ["Partners", "Partners"]': 'line 10: pipelines names "Partners" twice (Q-26)',
    '[connection.deals]\nclose_date_fallback = "today"': (
        'line 10: close_date_fallback is "today", must be "end_of_month" or "" (OPP-5)'
    ),
    '[connection.deals]\nmatch_hubspot = "Order Number"': (
        'line 10: match_hubspot is "Order Number", must be the internal name of a property of deals, or "" (CH-14)'
    ),
    '[connection.deals]\nmatch_salesforce = "Order Number"': (
        'line 10: match_salesforce is "Order Number", must be the API name of a field such as "Order_Number__c", or "" (CH-14)'
    ),
    '[connection.deals]\nmatch_hubspot = "order_number"': (
        "line 10: match_hubspot says nothing without match_salesforce: give both, or neither (CH-14)"
    ),
    '[connection.deals]\nmatch_salesforce = "Order_Number__c"': (
        "line 10: match_salesforce says nothing without match_hubspot: give both, or neither (CH-14)"
    ),
    '[connection.deals]\nmatch_hubspot = "crmsync_salesforce_id"\nmatch_salesforce = "Order_Number__c"': (
        "line 10: deals cannot be matched by crmsync's own property or field: these hold what was linked already (CH-14)"
    ),
    "[connection.deals]\nremove_associations = 1": "line 10: remove_associations is 1, must be true or false (Q-29)",
    "[connection.deals]\ndelete_in_hubspot = 1": "line 10: delete_in_hubspot is 1, must be true or false (OPP-13)",
    "[connection.deals]\nhold_deletes_hours = -1": "line 10: hold_deletes_hours is -1, must be at least 0 (Q-30)",
    "[connection.deals]\nhold_deletes_hours = 9000": "line 10: hold_deletes_hours is 9000, must be at most 8760 (Q-30)",
    "[connection.deals]\nmax_deletes_per_hour = -1": "line 10: max_deletes_per_hour is -1, must be at least 0 (Q-30)",
    '[connection.deals]\nsince = "2026-01-01"': (
        'line 10: unknown key "since" in [connection.deals]; did you mean "sync"? (CFG-2)'
    ),
    '[connection.deals]\ntotal_revenue_basis = "won only"': (
        'line 10: total_revenue_basis is "won only", must be one of all, won (Q-3)'
    ),
    "[connection.undo]\nhours = -1": "line 10: hours is -1, must be at least 0 (CFG-1)",
    "[connection.undo]\nhours = 169": "line 10: hours is 169, must be at most 168 (CFG-1)",
    "[connection.lifecycle]\nautomatic_transitions = 1": (
        "line 10: automatic_transitions is 1, must be true or false (SET-7)"
    ),
    "[connection.lifecycle]\nsync_to_company_contacts = 1": (
        "line 10: sync_to_company_contacts is 1, must be true or false (SET-8)"
    ),
    '[connection.email_tasks]\nkinds = "OPEN"': 'line 10: kinds is "OPEN", must be a list in square brackets (SET-10)',
    '[connection.email_tasks]\nkinds = [\n  "OPEN",\n  "open",\n]': (
        f'line 12: kinds has "open", must be among {KINDS} (SET-10)'
    ),
    '[connection.email_tasks]\nkinds = ["OPEN", "CLICK", "OPEN"]': 'line 10: kinds has "OPEN" twice (SET-10)',
    "[connection.email_tasks]\nignore_bots = 1": "line 10: ignore_bots is 1, must be true or false (CH-2)",
    "[connection.email_tasks]\nwait_minutes = -1": "line 10: wait_minutes is -1, must be at least 0 (Q-19)",
    "[connection.email_tasks]\nwait_minutes = 1441": "line 10: wait_minutes is 1441, must be at most 1440 (Q-19)",
    template('kind = "READ"'): f'line 10: kind is "READ", must be one of {KINDS} (SET-10)',
    template(
        'subject = "Opened"'
    ): "line 9: [[connection.email_tasks.template]] needs kind (SET-10)",
    template('kind = "OPEN"', 'subject = ""'): (
        'line 11: subject is "", must be a text of at least 1 character (CH-22)'
    ),
    template('kind = "OPEN"', f'subject = "{"x" * 256}"'): (
        f'line 11: subject is "{"x" * 60}...", must be a text of at most 255 characters (CH-22)'
    ),
    template('kind = "OPEN"', 'description = "{name} opened"'): (
        "line 11: the text has {name}, must have no placeholders but {kind}, {email}, {subject}, {date}, {time}, {url}, "
        "{count}; a brace is written twice (CH-22)"
    ),
    template('kind = "OPEN"', 'owner = "olga@example.com"'): (
        'line 11: owner is "olga@example.com", must be "integration_user", "record_owner" or the 18-character id of a '
        "Salesforce user (CH-22)"
    ),
    template('kind = "OPEN"', "what = 1"): (
        'line 11: unknown key "what" in [[connection.email_tasks.template]] (CFG-2)'
    ),
    template('kind = "OPEN"')
    + template('kind = "OPEN"'): "line 12: tasks for OPEN have a template already (CH-22)",
    '[connection.email_tasks]\nrepeat = "daily"': (
        'line 10: repeat is "daily", must be one of every_event, once_per_email, once_per_day (TASK-3)'
    ),
    "owners = 3": 'line 9: unknown key "owners" in [connection.salesforce]; did you mean "connection.owners"? (CFG-2)',
    OWNERS
    + '"ada@example.com" = 5': "line 10: ada@example.com is 5, must be a text in quotes (Q-18)",
    OWNERS
    + 'ada = "a.lang@example.com"': 'line 10: "ada" is no e-mail address of a HubSpot owner (Q-18)',
    OWNERS + '"ada@example.com" = ""': f'line 10: ada@example.com goes with "", {A_USER}',
    OWNERS
    + '"ada@example.com" = "00G000000000001AAA"': f'line 10: ada@example.com goes with "00G000000000001AAA", {A_USER}',
    OWNERS + '"ada@example.com" = "a@example.com"\n"Ada@Example.com" = "b@example.com"': (
        "line 11: Ada@Example.com is given twice (Q-18)"
    ),
    OWNERS + '"ada@example.com" = "a@example.com"\n"ben@example.com" = "A@example.com"': (
        "line 11: A@example.com stands for ada@example.com already (Q-18)"
    ),
}


@pytest.mark.parametrize("lines", ADDED)
def test_every_value_has_its_type_and_its_range(lines: str) -> None:
    """The complaint about a wrong value has the allowed ones and the rule of the key."""
    assert complaints(f"{MINIMAL}{lines}\n") == [ADDED[lines]]


OPT_OUT = "hs_email_optout always goes with HasOptedOutOfEmail; no mapping can change or weaken that (OPT-2)"
MAPPINGS = {
    row("hs_email_optout", "Opted_Out__c"): f"line 10: {OPT_OUT}",
    row("newsletter", "HasOptedOutOfEmail"): f"line 11: {OPT_OUT}",
    row("hs_email_optout", "HasOptedOutOfEmail", "never"): f"line 10: {OPT_OUT}",
    row("hs_email_optout", "hasoptedoutofemail"): f"line 10: {OPT_OUT}",
    row(
        "hubspot_owner_id", "OwnerId", "never"
    ): "line 12: the owner mapping is always two_way, it cannot be never (MAP-5)",
    row(
        "hubspot_owner_id", "Owner__c"
    ): "line 10: hubspot_owner_id goes with OwnerId and with nothing else (MAP-5)",
    row(
        "rep", "OwnerId"
    ): "line 11: hubspot_owner_id goes with OwnerId and with nothing else (MAP-5)",
    row(
        "company", "AccountId"
    ): "line 11: AccountId refers to an account record; company cannot be written to it (FLD-5)",
    row(
        "colour", "Colour__c", "twoway"
    ): f'line 12: update is "twoway", must be one of {POLICIES} (MAP-3)',
    row("Favourite Colour", "Colour__c"): (
        'line 10: hubspot is "Favourite Colour", must be the internal name of a property: small letters, digits, underscores (MAP-8)'
    ),
    row("colour", "Favourite Colour"): (
        'line 11: salesforce is "Favourite Colour", must be the API name of a field such as "Favourite_Colour__c" (MAP-8)'
    ),
    '[[connection.contacts.field]]\nhubspot = "colour"\n': "line 9: [[connection.contacts.field]] needs salesforce (MAP-8)",
    row("colour", "Colour__c")
    + row(
        "colour", "Color__c"
    ): "line 14: colour is mapped twice: above it goes with Colour__c (MAP-8)",
    row("colour", "Colour__c")
    + row(
        "color", "colour__c"
    ): "line 15: colour__c is mapped twice: above colour goes with it (MAP-8)",
    row("colour", "Colour__c")
    + row("colour", "Colour__c"): "line 14: colour and Colour__c are mapped twice (MAP-8)",
    row(
        "phone", "Other_Phone__c"
    ): "line 10: phone is mapped already: by default it goes with Phone (MAP-8)",
    row(
        "other_phone", "phone"
    ): "line 11: phone is mapped already: by default phone goes with it (MAP-8)",
    row(
        "company", "Company_Name__c"
    ): "line 10: company is mapped already: by default it goes with Company (MAP-8)",
    row("crmsync_owner_id", "Owner_Text__c"): (
        "line 10: crmsync_owner_id is one of crmsync's own properties and cannot be mapped (MAP-8)"
    ),
    row("their_id", "Crmsync_HubSpot_Id__c"): (
        "line 11: Crmsync_HubSpot_Id__c is one of crmsync's own fields and cannot be mapped (MAP-8)"
    ),
}


@pytest.mark.rule("OPT-2")
@pytest.mark.rule("MAP-5")
@pytest.mark.rule("MAP-8")
@pytest.mark.rule("FLD-5")
@pytest.mark.parametrize("rows", MAPPINGS)
def test_an_impossible_mapping_is_refused(rows: str) -> None:
    """The opt-out is fixed, the owner is two-way, account references are no text, and nothing is
    mapped twice.
    """
    assert complaints(MINIMAL + rows) == [MAPPINGS[rows]]


@pytest.mark.rule("MAP-10")
def test_objects_that_do_not_sync_cannot_be_mapped() -> None:
    """Company and deal mappings need that object's sync; one complaint per row."""
    off = "[connection.companies]\nsync = false\n"
    rows = row("colour", "Colour__c", section="companies") + row(
        "size", "Size__c", section="companies"
    )

    assert complaints(MINIMAL + off + rows + row("next_step", "Next__c", section="deals")) == [
        "line 11: companies cannot be mapped while their sync is off (MAP-10)",
        "line 15: companies cannot be mapped while their sync is off (MAP-10)",
        "line 19: deals cannot be mapped while their sync is off (MAP-10)",
    ]


@pytest.mark.rule("MAP-8")
def test_companies_are_mapped_once_like_contacts() -> None:
    """A default pair may change its policy, but its halves cannot be mapped elsewhere, and our own
    fields cannot be mapped at all.
    """
    rows = (
        row("industry", "Industry", section="companies"),
        row("domain", "Site", section="companies"),
        row("website", "Website", section="companies"),
        row("crmsync_owner_id", "Owner_Id__c", section="companies"),
    )

    assert complaints(MINIMAL + "".join(rows)) == [
        "line 14: domain is mapped already: by default it goes with Website (MAP-8)",
        "line 19: Website is mapped already: by default domain goes with it (MAP-8)",
        "line 22: crmsync_owner_id is one of crmsync's own properties and cannot be mapped (MAP-8)",
    ]


@pytest.mark.rule("OPP-2")
def test_deals_need_companies() -> None:
    """Deals cannot be switched on while companies are off."""
    text = MINIMAL + "[connection.deals]\nsync = true\n[connection.companies]\nsync = false\n"

    assert complaints(text) == [
        "line 10: deals can sync only where companies do: switch companies on, or deals off (OPP-2)"
    ]


def test_names_and_accounts_are_connected_once() -> None:
    """Two connections have two names (TEN-1) and two HubSpot accounts (PERM-3)."""
    assert complaints(MINIMAL + SECOND.replace("beta", "acme").replace("555002", "555001")) == [
        'line 10: a second connection is called "acme" (TEN-1)',
        'line 12: HubSpot account 555001 is connected already, by "acme"; one account syncs with one org (PERM-3)',
    ]


def test_one_mistake_does_not_hide_another() -> None:
    """Wrong types, unknown keys, missing keys and contradictions are reported together, by line."""
    text = EVERYTHING.replace("portal_id = 555001", 'portal_id = "555001"').replace(
        'secret = "crmsync/acme/hubspot"\n', ""
    )
    text = text.replace("sync = true\nauto_create", "sync = false\nautocreate").replace(
        '"favourite_colour"', '"hs_email_optout"'
    )

    assert complaints(text) == [
        "line 3: [connection.hubspot] needs secret (CFG-3)",
        'line 4: portal_id is "555001", must be a whole number (TEN-1)',
        f"line 24: {OPT_OUT}",
        'line 33: unknown key "autocreate_and_associate" in [connection.companies]; did you mean "auto_create_and_associate"? (CFG-2)',
        "line 40: companies cannot be mapped while their sync is off (MAP-10)",
        "line 44: deals can sync only where companies do: switch companies on, or deals off (OPP-2)",
    ]


def test_a_wrong_value_has_one_complaint() -> None:
    """It is not reported again for contradicting another one."""
    text = (
        (MINIMAL + SECOND)
        .replace("555001", "true")
        .replace("555002", "false")
        .replace('name = "beta"\n', "")
    )

    assert complaints(text) == [
        "line 4: portal_id is true, must be a whole number (TEN-1)",
        "line 9: [[connection]] needs name (CFG-3)",
        "line 11: portal_id is false, must be a whole number (TEN-1)",
    ]


def test_a_value_in_place_of_a_row_has_one_complaint() -> None:
    """The rules for rows are not applied to it."""
    assert complaints(MINIMAL + "[connection.companies]\nsync = false\nfield = [3]\n") == [
        "line 11: field is 3, must be written as [[connection.companies.field]] (CFG-1)"
    ]

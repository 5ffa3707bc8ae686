"""The search for one record, its page, and the buttons there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import pytest

from crmsync.flows.operator.records import parsed_ref, refs_of
from crmsync.gateways.dynamodb.call_usage import CallUsageTable
from crmsync.model.moments import from_epoch_ms
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.timing.call_leases import answered, used_up
from local.people import People
from local.stack import Stack
from tests.console.browser import Browser, texts, tree
from tests.console.conftest import ADA

REVOKED = {"at": "hubspot", "kind": "token_revoked"}


@pytest.fixture
def people(stack: Stack) -> Iterator[People]:
    """A person in both CRMs, which are well before and after the test."""
    yield People(stack.ready())
    stack.faults([])


def someone(people: People, stack: Stack, **properties: str) -> tuple[str, str]:
    """A contact that has synced: its id and its address."""
    email = f"ada.{token_hex(4)}@example.com"
    fields = {"email": email, "firstname": "Ada", "lastname": f"Q{token_hex(4)}", **properties}
    contact = people.new_contact(**fields)
    stack.settle()
    return contact, email


def page_of(contact: str) -> str:
    """The address of a contact's page."""
    return f"/record?connection=acme&record=hubspot:contact:{contact}"


def proof(browser: Browser) -> str:
    """What the forms of the search carry."""
    return str(tree(browser.get("/records")).xpath("//input[@name='proof']/@value")[0])


def search(browser: Browser, text: str, kind: str = "contact") -> Any:
    """Send the form of the search."""
    fields = {"proof": proof(browser), "text": text, "kind": kind, "connection": "acme"}
    return browser.post("/records", fields)


def press(browser: Browser, button: str, contact: str) -> Any:
    """Press a button of a contact's page."""
    fields = {
        "proof": proof(browser),
        "connection": "acme",
        "record": f"hubspot:contact:{contact}",
    }
    return browser.post(f"/record/{button}", fields)


def rows(page: Any, caption: str) -> list[list[str]]:
    """The cells of the table with this label."""
    found = tree(page).xpath(f"//div[@aria-label='{caption}']//tbody/tr")
    return [[" ".join(one.text_content().split()) for one in row] for row in found]


def test_a_person_is_found_without_a_trace(stack: Stack, people: People, browser: Browser):
    """By address or last name, through a form: neither stands in an address or in a log, while the
    log has who has looked at which record.
    """
    contact, email = someone(people, stack)
    name = people.contact(contact, "lastname")["lastname"]

    pages = [search(browser, text) for text in (email, f" {email.upper()} ", name, contact)]

    ours = f"{browser.url}{page_of(contact)}".replace("hubspot:contact:", "hubspot%3Acontact%3A")
    assert [page.url for page in pages] == [ours] * 4
    assert [texts(page, "//h2[@id='pair']") for page in pages] == [[f"Ada {name}, {email}"]] * 4
    log = stack.output("console")
    assert not {word for word in (email, name, "Ada ") if word.lower() in log.lower()}
    assert f'"record":"hubspot:contact:{contact}"' in log.replace(" ", "")
    assert f'"by":"{ADA}"' in log.replace(" ", "")


def test_of_several_each_leads_to_its_page(stack: Stack, people: People, browser: Browser):
    """A pair is one row; a record without a link says so."""
    name = f"Z{token_hex(4)}"
    first, _ = someone(people, stack, lastname=name, firstname="Bea")
    other = people.new_record("Lead", LastName=name, FirstName="Cia", Company="Example GmbH")

    page = search(browser, name)

    lead = page_of(f"{other}").replace("hubspot:contact", "salesforce:Lead")
    assert [row[0].split(",")[0] for row in rows(page, "Records that were found")] == [
        f"Bea {name}",
        f"Cia {name}",
    ]
    assert [row[1] for row in rows(page, "Records that were found")] == [
        f"hubspot:contact:{first}",
        "no link",
    ]
    assert tree(page).xpath("//tbody//a/@href")[1] == lead.replace(":", "%3A")
    assert texts(browser.get(lead), "//h2[@id='pair']") == [f"Cia {name}"]


def test_companies_and_deals_are_found_by_name(people: People, browser: Browser):
    """In both CRMs, each under its kind."""
    name = f"Example {token_hex(4)}"
    account = people.new_account(Name=name)

    assert search(browser, name, "account").url.endswith(f"record=salesforce%3AAccount%3A{account}")
    found = search(browser, name, "opportunity")
    assert texts(found, "//p[@role='status']") == ["No such record was found."]


def test_both_sides_are_shown_field_by_field(stack: Stack, people: People, browser: Browser):
    """With the policy, the last decision with its rule and time, the way into both CRMs, and the
    timeline.
    """
    contact, email = someone(people, stack)
    people.edit_contact(contact, jobtitle="Chief engineer")
    stack.settle()
    (lead,) = people.records(f"SELECT Id FROM Lead WHERE Email = '{email}'")  # noqa: S608 - ours

    page = browser.get(page_of(contact))

    assert tree(page).xpath("//dd/a/@href") == [
        f"https://app.hubspot.com/contacts/555001/record/0-1/{contact}",
        f"https://acme.my.salesforce.com/{lead['Id']}",
    ]
    (title,) = [row for row in rows(page, "Mapped fields") if row[0] == "jobtitle"]
    assert title[1:7] == ["Chief engineer", "Title", "Chief engineer", "both agree", "two way", ""]
    assert re.fullmatch(r"[-\d]+ [:\d]+: written to Salesforce \(MAP-3\)", title[7])
    timeline = texts(page, "//section[@aria-labelledby='timeline']//tbody/tr")
    assert ["jobtitle / Title" in line for line in timeline] == [True, False]
    assert "Two-way: the later edit counts" in texts(page, "//dd")[-2]
    assert "not kept" in texts(page, "//section[@aria-labelledby='timeline']/p")[-1]


def test_a_conflict_shows_who_won_and_by_which_rule(stack: Stack, people: People, browser: Browser):
    """Both sides were edited; the later edit won, and what is about to be written is foretold."""
    contact, email = someone(people, stack)
    (lead,) = people.records(f"SELECT Id FROM Lead WHERE Email = '{email}'")  # noqa: S608 - ours
    people.edit_contact(contact, jobtitle="Chief engineer")
    stack.advance(5, settle=False)
    people.edit_record("Lead", lead["Id"], Title="Head of engineering")

    before = browser.get(page_of(contact))
    stack.settle()
    after = browser.get(page_of(contact))

    assert [row[4] for row in rows(before, "Mapped fields") if row[0] == "jobtitle"] == [
        "Salesforce's: would be written to HubSpot changed on both sides"
    ]
    assert any(
        "jobtitle" in line for line in texts(before, "//section[@aria-labelledby='now']//li")
    )
    newest = texts(after, "//section[@aria-labelledby='timeline']//tbody/tr")
    assert any("conflict, Salesforce won" in line and "MAP-3" in line for line in newest)


def test_a_page_costs_few_calls_of_the_live_class(stack: Stack, people: People, browser: Browser):
    """At most ten once the process knows both CRMs; a search by name two."""
    contact, _ = someone(people, stack)
    browser.get(page_of(contact))

    def calls() -> int:
        stats = stack.stats()
        return int(stats["hubspot"]["calls"] + stats["salesforce"]["calls"])

    before = calls()
    browser.get(page_of(contact))
    shown = calls()
    search(browser, f"No {token_hex(4)}")

    assert shown - before <= 10
    assert calls() - shown == 2


def test_without_a_crm_what_is_stored_is_shown(stack: Stack, people: People, browser: Browser):
    """The page says which CRM fails and why; the search still shows what the other one finds."""
    contact, _ = someone(people, stack)
    name = people.contact(contact, "lastname")["lastname"]
    stack.faults([REVOKED])

    page = browser.get(page_of(contact))
    found = search(browser, name)

    (reason,) = texts(page, "//p[@role='alert']")
    assert reason.startswith("The CRMs cannot be read now, so only what is stored is shown. ")
    assert page.status_code == 200
    assert "created in Salesforce" in texts(page, "//section[@aria-labelledby='timeline']//tr")[1]
    assert texts(found, "//p[@role='alert']")[0].startswith("HubSpot was not searched: ")
    assert [row[1] for row in rows(found, "Records that were found")] == [
        f"hubspot:contact:{contact}"
    ]


@pytest.fixture
def used_up_day(stack: Stack) -> Iterator[None]:
    """All calls that Salesforce allows in a day are used up."""
    table = CallUsageTable(stack.cloud.aws.client("dynamodb"), "crmsync-state")
    where = ("acme", Side.SALESFORCE)
    table.save(*where, used_up(table.load(*where), from_epoch_ms(stack.clock.now_ms())))
    yield
    table.save(*where, answered(table.load(*where)))


@pytest.mark.usefixtures("used_up_day")
def test_a_day_that_is_used_up_is_left_to_the_sync(stack: Stack, browser: Browser):
    """Once Salesforce has no calls left, a page makes none, and says so."""
    before = stack.stats()

    (reason,) = texts(browser.get(page_of("999")), "//p[@role='alert']")

    after = stack.stats()
    assert "All calls that Salesforce allows in a day are used up." in reason
    assert [after[one]["calls"] - before[one]["calls"] for one in Side] == [0, 0]


def test_a_resync_is_a_job_in_the_name_of_who_pressed(
    stack: Stack, people: People, browser: Browser
):
    """It brings the record in step, and the log has who had it done for which record."""
    contact, email = someone(people, stack)
    stack.faults([{"at": "webhook", "kind": "drop", "times": 10}])
    people.edit_contact(contact, jobtitle="Chief engineer")
    stack.settle()
    stack.faults([])

    told = press(browser, "resync", contact)
    stack.settle()

    assert "A resync of this record has begun." in texts(told, "//p[@role='status']")[0]
    (lead,) = people.records(f"SELECT Title FROM Lead WHERE Email = '{email}'")  # noqa: S608 - ours
    assert lead["Title"] == "Chief engineer"
    log = stack.output("console").replace(" ", "")
    assert f'"action":"/record/resync","by":"{ADA}","connection":"acme"' in log


def test_a_link_is_dropped_and_made_anew(stack: Stack, people: People, browser: Browser):
    """Without its link a record says who may be its counterpart; linking anew finds it again."""
    contact, _ = someone(people, stack)

    dropped = press(browser, "drop-link", contact)
    unlinked = texts(dropped, "//section[@aria-labelledby='pair']//dd")[-1]
    press(browser, "resync", contact)
    stack.settle()
    linked = texts(browser.get(page_of(contact)), "//section[@aria-labelledby='pair']//dd")[-1]
    anew = press(browser, "relink", contact)
    stack.settle()
    again = browser.get(page_of(contact))

    assert unlinked.startswith("not linked")
    assert linked == "linked, active"
    assert "a resync finds the counterpart anew" in texts(anew, "//p[@role='status']")[0]
    assert texts(again, "//section[@aria-labelledby='pair']//dd")[-1] == "linked, active"


def test_activities_that_are_off_are_not_searched_for(browser: Browser):
    """The page says so, and where they are switched on."""
    page = search(browser, "First talk", "activity")

    assert page.status_code == 409
    assert "acme syncs no activities." in page.text
    assert "[connection.activities]" in page.text


@pytest.mark.parametrize("path", ["/records", "/record/resync", "/record/drop-link"])
def test_a_form_of_another_site_does_nothing(browser: Browser, path: str):
    """Neither a search nor an action."""
    foreign = browser.post(path, {"proof": proof(browser)}, {"Sec-Fetch-Site": "cross-site"})

    assert foreign.status_code == 403
    assert browser.post(path, {"text": "ada"}).status_code == 403


def test_a_record_that_nobody_knows_is_told(browser: Browser):
    """An address without a record leads to the search, one that names none is not found, and one
    that no CRM has says so.
    """
    assert browser.get("/record").url == f"{browser.url}/records"
    assert browser.get("/record?record=hubspot:ticket:1").status_code == 404
    nobody = browser.get(page_of("999"))
    assert texts(nobody, "//p[@role='alert']") == [
        "hubspot shows no contact 999, and no link of acme names one."
    ]
    assert press(browser, "drop-link", "999").status_code == 409


@pytest.mark.parametrize(
    ("text", "kind", "ref"),
    [
        ("81", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", "81")),
        ("00T5g00000AbCdE", Kind.ACTIVITY, Ref(Side.SALESFORCE, "Task", "00T5g00000AbCdE")),
        ("00U5g00000AbCdE", Kind.ACTIVITY, Ref(Side.SALESFORCE, "Event", "00U5g00000AbCdE")),
        ("81", Kind.OPPORTUNITY, Ref(Side.HUBSPOT, "deal", "81")),
        ("00Q5g00000AbCdE", Kind.ACCOUNT, Ref(Side.SALESFORCE, "Lead", "00Q5g00000AbCdE")),
        ("0035g00000AbCdEAAV", Kind.CONTACT, Ref(Side.SALESFORCE, "Contact", "0035g00000AbCdEAAV")),
        ("0015g00000AbCdE", Kind.CONTACT, Ref(Side.SALESFORCE, "Account", "0015g00000AbCdE")),
        ("Lang", Kind.CONTACT, None),
        ("00Q", Kind.CONTACT, None),
        ("٨١", Kind.CONTACT, None),
        ("ada@example.com", Kind.CONTACT, None),
        ("81 82", Kind.CONTACT, None),
    ],
)
def test_an_id_is_told_from_a_name(text: str, kind: Kind, ref: Ref | None):
    """Digits are an id of HubSpot; an id of Salesforce names its object by its first letters."""
    assert refs_of(text, kind) == ((ref,) if ref else ())


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("hubspot:contact:81", Ref(Side.HUBSPOT, "contact", "81")),
        ("salesforce:Lead:00Q5g00000AbCdE", Ref(Side.SALESFORCE, "Lead", "00Q5g00000AbCdE")),
        ("hubspot:ticket:81", None),
        ("hubspot:contact:", None),
        ("hubspot:contact:8/1", None),
        ("nowhere:contact:81", None),
        ("", None),
    ],
)
def test_an_address_names_a_record_that_syncs(text: str, ref: Ref | None):
    """Anything else is no record."""
    assert parsed_ref(text) == ref

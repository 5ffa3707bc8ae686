"""The page of the field maps."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from crmsync.console.pages.fields import POLICIES, FieldMapTable, MappedPair, field_maps
from crmsync.errors import TryAgain
from crmsync.flows.operator.fields import FieldMapReader, FieldRequest, SectionRows
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.operations.calls import CallClass, CallHold
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.model.settings import Settings
from crmsync.rules.merge.resting_mappings import report_of
from crmsync.rules.settings.field_rows import FieldRow
from local.stack import Stack
from tests.builders import NOON, a_connection
from tests.console.browser import Browser, texts, tree
from tests.flows.stories.story_command import command
from tests.memory.calls import OpenGate
from tests.memory.troubles import MemoryTroubleStore

HOLD = CallHold("CALLS", "Few calls are left.", NOON)
BOTH = ("Lead", "Contact")
PHONE = FieldRow(FieldRule("phone", "Phone"), BOTH, is_default=True)
NICK = FieldRow(
    FieldRule("nick", "Nick__c", Update.ALWAYS_HUBSPOT, FieldType.DATE), ("Lead",), is_default=False
)
REST = Rest(Side.SALESFORCE, "Lead", "nick__c", NOON)
OTHER = Rest(Side.SALESFORCE, "Contact", "Nick__c", NOON)


class ClosedGate(OpenGate):
    """Few calls are left."""

    def hold(self, call_class: CallClass) -> CallHold | None:
        """Why a sweep must not begin."""
        return HOLD if call_class is CallClass.SWEEP else None


def test_a_row_has_direction_format_policy_and_state():
    """A mapping rests where the field of its own object is lacking; what to do is told above."""
    section = SectionRows("acme", "contacts", "contact", BOTH, True, (PHONE, NICK), {}, (REST,))
    report = report_of(REST)

    found = field_maps([section], ("acme",), {}, FieldRequest(asks=False))

    assert found.tables == (
        FieldMapTable(
            "acme: contacts",
            "HubSpot contact",
            "Salesforce Lead, Contact",
            is_on=True,
            pairs=(
                MappedPair(
                    "phone", "Phone", "\u2194", "both ways", "text", "two_way", "", "default", False
                ),
                MappedPair(
                    "nick",
                    "Nick__c",
                    "\u2192",
                    "to Salesforce",
                    "date",
                    "always_hubspot",
                    "Lead",
                    "settings",
                    True,
                ),
            ),
            lacking=((NOON, report.text, report.hint),),
            to="/fields?connection=acme&object=contacts",
        ),
    )
    assert list(found.policies) == list(Update)
    assert SectionRows("a", "contacts", "contact", BOTH, True, (), {}, (OTHER,)).resting(NICK) is (
        False
    )
    assert POLICIES["never"] == "Nothing crosses."


def test_the_page_shows_the_rows_of_the_command(stack: Stack, browser: Browser):
    """The same pairs in the same order, and no CRM is asked."""
    before = stack.stats()
    page = browser.get("/fields")
    after = stack.stats()
    sections = command(stack, "fields")

    sides = ("hubspot", "salesforce")
    assert [after[one]["calls"] for one in sides] == [before[one]["calls"] for one in sides]
    assert texts(page, "//h2")[:-1] == [f"acme: {one['section']}" for one in sections]
    assert texts(page, "//tbody/tr/th") == [
        row["hubspot"] for one in sections for row in one["fields"]
    ]


def test_what_both_crms_say_is_told():
    """Why two fields cannot be mapped, which choices do not cross, and who did not answer."""
    bad = replace(NICK, trouble="A date and a text do not match.", because="MAP-8")
    choice = replace(PHONE, alone={Side.HUBSPOT: ("a", "b")})
    error = TryAgain("It is down.", hint="Wait.")
    section = SectionRows(
        "acme", "contacts", "contact", BOTH, True, (bad, choice), {Side.SALESFORCE: error}
    )

    (table,) = field_maps([section], ("acme",), {}, FieldRequest("contacts")).tables

    assert (table.notes, table.unread, table.to) == (
        (
            "nick / Nick__c cannot be mapped: A date and a text do not match. (MAP-8)",
            "phone / Phone: only HubSpot has a, b; such a value does not cross (MAP-7)",
        ),
        ("acme: Salesforce did not say what the fields of contacts are: It is down. Wait.",),
        "",
    )
    assert [one.is_refused for one in table.pairs] == [True, False]


@pytest.mark.parametrize(
    ("pair", "status"),
    [("phone/Phone", 0), ("phone/NumberOfEmployees", 1), ("nothing/Title", 1)],
)
def test_any_two_fields_can_be_asked_about(stack: Stack, browser: Browser, pair: str, status: int):
    """The page says what the command says, and each CRM is asked once for each object."""
    hubspot, salesforce = pair.split("/")
    words = {"object": "contacts", "hubspot": hubspot, "salesforce": salesforce}
    told = command(stack, "fields", "--object", "contacts", "--pair", pair, status=status)[0][
        "fields"
    ][0]
    first = browser.get(f"/fields?{urlencode(words)}")
    before = stack.stats()
    page = browser.get(f"/fields?{urlencode(words)}")
    after = stack.stats()

    rule = f"{told['hubspot']} / {told['salesforce']}"
    expected = (
        f"{rule} cannot be mapped: {told['trouble']} ({told['rule']})"
        if told["trouble"]
        else f"{rule} can be mapped."
    )
    assert texts(page, "//main//li") == texts(first, "//main//li") == [expected]
    assert texts(page, "//tbody/tr/th") == [told["hubspot"]]
    calls = {one: after[one]["calls"] - before[one]["calls"] for one in ("hubspot", "salesforce")}
    assert calls == {"hubspot": 1, "salesforce": 2}


def test_each_row_of_an_object_can_be_asked_about(stack: Stack, browser: Browser):
    """By the link beside its map."""
    link = tree(browser.get("/fields")).xpath("//section[1]//a/@href")[0]
    page = browser.get(link)
    sections = command(stack, "fields", "--object", "contacts")

    assert link == "/fields?connection=acme&object=contacts"
    assert texts(page, "//tbody/tr/th") == [row["hubspot"] for row in sections[0]["fields"]]
    assert len(texts(page, "//p[@class='well']")) == 1


def test_a_field_of_one_side_alone_is_no_question(browser: Browser):
    """The page says what is missing."""
    page = browser.get("/fields?object=contacts&hubspot=phone")
    assert (page.status_code, texts(page, "//main/p")[0]) == (
        409,
        "Name a field of both sides, or of neither.",
    )


def test_no_crm_is_asked_while_few_calls_are_left():
    """What is left is kept for the sync; the rows are shown all the same."""
    asked: list[str] = []

    def source(_connection: object) -> object:
        asked.append("a call")
        raise AssertionError

    reader = FieldMapReader(
        settings=lambda: Settings((a_connection(),)),
        hubspot=source,  # type: ignore[arg-type]
        salesforce=source,  # type: ignore[arg-type]
        troubles=MemoryTroubleStore(),
        calls=lambda _connection: ClosedGate(),
    )
    (section,) = reader.read(FieldRequest("contacts"))

    assert {side: error.text for side, error in section.unreachable.items()} == dict.fromkeys(
        Side, "Few calls are left."
    )
    assert asked == []
    assert section.rows

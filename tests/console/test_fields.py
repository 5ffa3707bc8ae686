"""The page of the field maps."""

from __future__ import annotations

from crmsync.console.pages.fields import POLICIES, FieldMapTable, MappedPair, field_maps
from crmsync.flows.operator.fields import SectionRows
from crmsync.model.fields import FieldRule, FieldType, Update
from crmsync.model.records import Side
from crmsync.model.troubles import Rest
from crmsync.rules.merge.resting_mappings import report_of
from crmsync.rules.settings.field_rows import FieldRow
from local.stack import Stack
from tests.builders import NOON
from tests.console.browser import Browser, texts
from tests.flows.stories.story_command import command

BOTH = ("Lead", "Contact")
PHONE = FieldRow(FieldRule("phone", "Phone"), BOTH, is_default=True)
NICK = FieldRow(
    FieldRule("nick", "Nick__c", Update.ALWAYS_HUBSPOT, FieldType.DATE), ("Lead",), is_default=False
)
REST = Rest(Side.SALESFORCE, "Lead", "nick__c", NOON)
OTHER = Rest(Side.SALESFORCE, "Contact", "Nick__c", NOON)


def test_a_row_has_direction_format_policy_and_state():
    """A mapping rests where the field of its own object is lacking; what to do is told above."""
    section = SectionRows("acme", "contacts", "contact", BOTH, True, (PHONE, NICK), {}, (REST,))
    report = report_of(REST)

    found = field_maps([section])

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

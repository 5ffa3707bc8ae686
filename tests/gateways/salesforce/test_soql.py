"""No value changes the query around it: every builder is fuzzed, and its queries are read by an
independent lexer.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmsync.errors import Refused
from crmsync.gateways.salesforce import listing, queries, reading
from crmsync.gateways.salesforce.objects import accounts
from crmsync.gateways.salesforce.objects import opportunity_queries as deals
from crmsync.gateways.salesforce.queries import Query

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
Builder: TypeAlias = Callable[[list[str]], Iterable[Query]]

BUILDERS: dict[str, Builder] = {
    "by_email": lambda values: queries.by_email("Lead", ("LastName",), values),
    "masters": lambda values: queries.masters("Lead", values),
    "by_key": lambda values: queries.by_key("Contact", "Crmsync_HubSpot_Id__c", values),
    "tasks_by_key": lambda values: queries.tasks_by_key("Crmsync_Key__c", values, NOON.date()),
    "by_account": queries.by_account,
    "by_converted": accounts.by_converted,
    "by_website": lambda values: queries.by_website(values, person_accounts=True),
    "of_stamp": lambda values: [queries.of_stamp("Lead", NOON, one) for one in values],
    "in_id_order": lambda values: [
        listing.in_id_order("Lead", one, more=" AND Email != null") for one in values
    ],
    "by_id": lambda values: reading.by_id("Task", values, ("Subject",)),
    "roles": lambda values: deals.roles("OpportunityId", values),
    "ties": deals.ties,
    "of_accounts": deals.of_accounts,
    "in_bin": deals.in_bin,
    "by_value": lambda values: deals.by_value("Deal_Number__c", values),
}
"""Every function that puts values into a query -> a call of it with these values."""

LIKE = frozenset({"by_website"})
"""Builders whose values are the beginnings of patterns."""

ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "'": "'",
    '"': '"',
    "\\": "\\",
    "_": "_",
    "%": "%",
}
"""What a backslash stands before in a string of SOQL, and what both mean [D]."""

_LITERAL = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_REST = re.compile(r"[A-Za-z0-9_ ,.()=<>!:+?-]*")


def lexed(soql: str) -> tuple[str, list[str]]:
    """A query without the contents of its strings, and these contents. Raises `AssertionError` for
    anything that our queries do not have.
    """
    literals: list[str] = []

    def content(found: re.Match[str]) -> str:
        literals.append(
            re.sub(
                r"\\(.)", lambda escape: ESCAPES[escape.group(1)], found.group(1), flags=re.DOTALL
            )
        )
        return "?"

    rest = _LITERAL.sub(content, soql)
    assert _REST.fullmatch(rest), f"{rest!r} has more than names, numbers and signs"
    return re.sub(r"\?(?:,\s*\?)*", "?", rest), literals


def skeletons(build: Builder) -> set[str]:
    """A builder's queries without their values."""
    return {lexed(query.soql)[0] for query in build(["one"])}


ODD = st.sampled_from(
    [
        *"'\"\\%_\n\r\t\b\f\0,()",
        "\\'",
        "\\\\'",
        "' OR Name != '",
        "') OR (Id != '",
        "--",
        "/*",
        "u0027",
        "\\u0027",
        "\u2019",
        "\uff07",
    ]
)
VALUES = st.lists(
    st.lists(ODD | st.text(max_size=4), min_size=1, max_size=6).map("".join), min_size=1, max_size=5
)


def test_every_builder_is_fuzzed() -> None:
    """The only others take no text: a time, a number, or a name that is checked."""
    textless = {"modified_since", "counted", "packed"}
    found = {
        name
        for module in (queries, listing, reading, accounts, deals)
        for name, one in vars(module).items()
        if inspect.isfunction(one)
        and one.__module__ == module.__name__
        and not name.startswith("_")
        and "Query" in str(inspect.signature(one).return_annotation)
    }

    assert found - textless == set(BUILDERS)


@pytest.mark.parametrize("name", BUILDERS)
@example(values=["') OR (Name != 'O\\"])
@given(values=VALUES)
@settings(max_examples=60)
def test_every_value_is_one_string_of_the_query(name: str, values: list[str]) -> None:
    """Each string is a complete value, and the rest of the query is the same as for a harmless
    value.
    """
    build = BUILDERS[name]
    harmless = skeletons(build)

    for query in build(values):
        skeleton, found = lexed(query.soql)
        assert _alike(skeleton) in {_alike(one) for one in harmless}
        assert all(_is_a_value(one, values, like=name in LIKE) for one in found), found


def _alike(skeleton: str) -> str:
    """A chain of conditions of one type counts as one."""
    return re.sub(r"(Website LIKE \?)(?: OR Website LIKE \?)*", r"\1", skeleton)


def _is_a_value(literal: str, values: Sequence[str], *, like: bool) -> bool:
    """Whether a string is one of the values, or is in every such query."""
    if like:
        return any(
            literal == f"{start}{value}%" for value in values for start in queries.BEGINNINGS
        )
    return literal in {*values, *(value.strip().lower() for value in values), queries.MIN_ID}


@pytest.mark.parametrize(
    "name",
    ["", "Lead WHERE Id != null", "Lead'", "Lead\n", "Lead;", "Lead--", "Le ad", "1Lead", "Lead.Name", "L\u00e9ad", "Lead\0"],
)  # fmt: skip
def test_only_valid_names_are_used_as_names(name: str) -> None:
    """Names of objects and fields are not quoted, so an invalid name is refused before any query."""
    calls: list[Callable[[], object]] = [
        lambda: list(queries.by_email(name, (), ["a@example.com"])),
        lambda: list(queries.by_email("Lead", (name,), ["a@example.com"])),
        lambda: list(queries.masters(name, ["1"])),
        lambda: list(queries.by_key(name, "A__c", ["1"])),
        lambda: list(queries.by_key("Lead", name, ["1"])),
        lambda: list(queries.tasks_by_key(name, ["1"], None)),
        lambda: queries.modified_since(name, NOON),
        lambda: queries.of_stamp(name, NOON, ""),
        lambda: listing.in_id_order(name, ""),
        lambda: listing.counted(name),
        lambda: list(reading.by_id(name, ["1"], ("Subject",))),
        lambda: list(reading.by_id("Task", ["1"], (name,))),
        lambda: list(deals.by_value(name, ["1"])),
    ]
    for call in calls:
        with pytest.raises(Refused, match="letters, digits and underscores only"):
            call()


@pytest.mark.parametrize(
    "soql",
    ["SELECT Id FROM Lead WHERE Name = 'a' OR Id != 'b'", "SELECT Id FROM Lead WHERE Name = 'a''"],
)
def test_the_lexer_refuses_other_queries(soql: str) -> None:
    """It refuses an additional condition and an unterminated string."""
    with pytest.raises(AssertionError):
        assert lexed(soql)[0] == "SELECT Id FROM Lead WHERE Name = ?"

"""Sentences for pydantic's errors about a settings file, and the rules behind them.

The checks are in `crmsync.wire.settings.file`; `crmsync.config` reports the errors. The value of a
``secret`` is never quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pydantic_core import ErrorDetails

from crmsync.model.kinds.activities import ActivityKind
from crmsync.wire.settings.file import TABLES
from crmsync.wire.settings.line_numbers import Path

RULES: Mapping[str, str] = MappingProxyType(
    {
        "name": "TEN-1",
        "portal_id": "TEN-1",
        "secret": "CFG-3",
        "login_url": "INS-1",
        "daily_call_allotment": "API-1",
        "duplicates": "ERR-4",
        "event_relay": "TRG-16",
        "create_in_salesforce": "SET-2",
        "create_in_hubspot": "SET-1",
        "inclusion_list": "SET-9",
        "outside_inclusion_list": "INC-7",
        "delete_in_hubspot": "DEL-1",
        "company_fallback": "Q-35",
        "last_name_fallback": "Q-35",
        "show_campaigns": "CMP-1",
        "max_deletes_per_hour": "Q-30",
        "max_changes_per_hour": "Q-30",
        "max_blanks_per_hour": "Q-30",
        "on_refused_field": "CH-8",
        "contacts.sync": "SET-2",
        "companies.sync": "SET-4",
        "auto_create_and_associate": "SET-6",
        "match_by_domain": "CH-15",
        "remove_associations": "Q-29",
        "deals.sync": "SET-5",
        "pipelines": "Q-26",
        "close_date_fallback": "OPP-5",
        "match_hubspot": "CH-14",
        "match_salesforce": "CH-14",
        "deals.delete_in_hubspot": "OPP-13",
        "hold_deletes_hours": "Q-30",
        "total_revenue_basis": "Q-3",
        "automatic_transitions": "SET-7",
        "sync_to_company_contacts": "SET-8",
        "kinds": "SET-10",
        "repeat": "TASK-3",
        "ignore_bots": "CH-2",
        "wait_minutes": "Q-19",
        "template.kind": "SET-10",
        "template.subject": "CH-22",
        "status": "CH-22",
        "type": "CH-22",
        "priority": "CH-22",
        "description": "CH-22",
        "owner": "CH-22",
        "list": "CMP-3",
        "campaign": "CMP-3",
        "campaigns.status": "CMP-4",
        "on_leave": "CMP-5",
        **{f"{kind}.sync": "ACT-1" for kind in ActivityKind},
        **{f"{kind}.owner": "ACT-6" for kind in ActivityKind},
        **{f"{kind}.subject": "ACT-4" for kind in ActivityKind},
        **{f"{kind}.delete_in_hubspot": "ACT-8" for kind in ActivityKind},
        "delete_in_salesforce": "ACT-8",
        "only_with_opportunity": "ACT-3",
        "owners": "ACT-3",
        "types": "ACT-3",
        "field.hubspot": "MAP-8",
        "field.salesforce": "MAP-8",
        "update": "MAP-3",
    }
)
"""The rule for the values of a key; ``table.key`` if several tables have a key of this name."""

_MUST_BE: Mapping[str, str] = MappingProxyType(
    {
        "string_type": "a text in quotes",
        "int_type": "a whole number",
        "bool_type": "true or false",
        "greater_than_equal": "at least {ge}",
        "less_than_equal": "at most {le}",
        "string_too_short": "a text of at least {min_length} character",
        "string_too_long": "a text of at most {max_length} characters",
        "list_type": "a list in square brackets",
        "enum": "one of {expected}",
    }
)
_SHAPES = frozenset({"model_type", "list_type"})


def sentence_of(detail: ErrorDetails) -> str:
    """A sentence that says what is wrong, with the allowed values if there are few."""
    path, kind = detail["loc"], detail["type"]
    if kind == "sentence":
        return detail["msg"]
    if kind == "extra_forbidden":
        return _unknown(path)
    if kind in {"missing", "too_short"}:
        return f"{_title_above(path)} needs {_title(path)}"
    if kind in _SHAPES and _names(path) in TABLES:
        return f"{_names(path)[-1]} is {_show(detail)}, must be written as {_title(path)}"
    details = {
        name: str(value).replace("'", "").replace(" or ", ", ")
        for name, value in detail.get("ctx", {}).items()
    }
    return f"{_names(path)[-1]} is {_show(detail)}, must be {_MUST_BE[kind].format(**details)}"


def rule_of(detail: ErrorDetails) -> str:
    """The id of the rule that is broken."""
    names = _names(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return "CFG-2"
    if detail["type"] in {"missing", "too_short"} and not {"field", "template"} & set(names):
        return "CFG-3" if len(names) > 1 else "CFG-1"
    if names in TABLES:
        return "CFG-1"
    if names[:-1] == ("connection", "owners"):
        return "Q-18"
    return RULES.get(".".join(names[-2:]), RULES.get(names[-1], "CFG-1"))


def _names(path: Path) -> tuple[str, ...]:
    """The names in the path, without indexes."""
    return tuple(part for part in path if isinstance(part, str))


def _title(path: Path) -> str:
    """``[connection.contacts]``, ``[[connection.contacts.field]]`` or a plain key."""
    names = _names(path)
    if names not in TABLES:
        return names[-1]
    brackets = ("[[", "]]") if names[-1] in {"connection", "field", "template"} else ("[", "]")
    return ".".join(names).join(brackets)


def _title_above(path: Path) -> str:
    return _title(path[:-1]) if len(_names(path)) > 1 else "the file"


def _unknown(path: Path) -> str:
    *above, key = _names(path)
    table = tuple(above)
    place = f" in {_title(table)}" if table else ""
    return f'unknown key "{key}"{place}{_suggestion(key, table)}'


def _suggestion(key: str, table: tuple[str, ...]) -> str:
    close = get_close_matches(key, TABLES[table].model_fields, n=1)
    elsewhere = [
        ".".join((*name, key)) for name, model in TABLES.items() if key in model.model_fields
    ]
    guess = next(iter(close + elsewhere), "")
    return f'; did you mean "{guess}"?' if guess else ""


def _show(detail: ErrorDetails) -> str:
    value = detail["input"]
    if _names(detail["loc"])[-1] == "secret":
        return "something else"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value[:60]}..."' if len(value) > 60 else f'"{value}"'  # noqa: PLR2004 - what fits on a line
    return {"dict": "a table", "list": "a list"}.get(type(value).__name__, str(value))

"""What is shown of the functions' logs, and of a running stack."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from local.announcement import commands, places, print_commands, print_lines, print_places
from local.live_log import Line, lines_of

READY: dict[str, Any] = {
    "control_url": "http://127.0.0.1:40001",
    "playground_url": "http://127.0.0.1:40007",
    "aws_endpoint_url": "http://127.0.0.1:40004",
    "aws_region": "eu-west-1",
    "portals": [
        {"portal_id": 555001, "base_url": "http://127.0.0.1:40005"},
        {"portal_id": 555002, "base_url": "http://127.0.0.1:40005"},
    ],
    "salesforce": {"instance_url": "http://127.0.0.1:40006"},
}
AT = "2026-01-31 12:30:15.707"
UPDATE = "update salesforce:Lead:00Q1: Phone (MAP-3)"


def _decision(number: int = 1, outcome: str = "Done", *effects: str, **more: Any) -> dict[str, Any]:
    decision = {
        "record": f"hubspot:contact:{number}",
        "effects": list(effects),
        "conflicts": [],
        "outcome": outcome,
        "code": "",
    }
    return _entry(decision={**decision, **more})


def _entry(**more: Any) -> dict[str, Any]:
    return {"function_request_id": "one", "timestamp": AT.replace(".", ",") + "+0000", **more}


def _line(word: str, text: str, number: int = 1) -> Line:
    return Line(AT, word, f"hubspot:contact:{number}", text)


def test_what_is_written_names_the_record_and_the_rules() -> None:
    """A stored link is no news; a conflict is."""
    entry = _decision(
        1,
        "Done",
        "save link hubspot:contact:1 - salesforce:Lead:00Q1",
        UPDATE,
        conflicts=["phone / Phone: two_way, hubspot wins"],
    )
    found = lines_of("contact_sync", [entry])
    assert found == [
        _line("written", UPDATE),
        _line("decided", "phone / Phone: two_way, hubspot wins"),
    ]
    assert found[0].time == "12:30:15"
    assert found[0].records == {"hubspot:contact:1", "salesforce:Lead:00Q1"}


def test_what_is_held_parked_or_waits_is_shown_with_its_reason() -> None:
    """A record that fails shows what was planned and why it did not happen."""
    entries = [
        _decision(1, "Done", "report duplicates: shares its address (CH-13)"),
        _decision(2, "Done", "report brake: too many changes within an hour (Q-30)"),
        _decision(3, "Refused", UPDATE, code="STRING_TOO_LONG"),
        _decision(4, "TryAgain", UPDATE),
        _entry(
            decision={
                "records": 2,
                "outcome": "Down",
                "code": "SERVER_UNAVAILABLE",
                "reason": "It is down.",
                "until": "2026-01-31T12:31:00+00:00",
            }
        ),
    ]
    assert lines_of("contact_sync", entries) == [
        _line("parked", "duplicates: shares its address (CH-13)"),
        _line("held", "brake: too many changes within an hour (Q-30)", 2),
        _line("planned", UPDATE, 3),
        _line("parked", "STRING_TOO_LONG", 3),
        _line("planned", UPDATE, 4),
        _line("waits", "TryAgain", 4),
        Line(
            AT,
            "waits",
            "",
            "2 records: SERVER_UNAVAILABLE It is down. Tried again at 12:31:00.",
        ),
    ]


def test_a_large_batch_shows_its_first_records_and_counts_the_others() -> None:
    """Trouble is shown beside what went well, however much that is."""
    parked = "report data: the address is not valid (CH-8)"
    entries = [
        *(_decision(number, "Done", UPDATE) for number in range(40)),
        *(_decision(number, "Done", parked) for number in range(40, 47)),
    ]
    assert lines_of("contact_sync", entries) == [
        *(_line("written", UPDATE, number) for number in range(5)),
        *(_line("parked", parked.removeprefix("report "), number) for number in range(40, 45)),
        Line(AT, "parked", "", "2 more records"),
        Line(AT, "written", "", "35 more records"),
    ]


def test_arrivals_and_warnings_are_shown_and_other_entries_are_not() -> None:
    """A poll that finds nothing says nothing."""
    stamp = {"_aws": {"Timestamp": 1_769_862_615_707}}
    entries = [
        {**stamp, "ChangesReceived": [2.0]},
        {**stamp, "ChangesReceived": [0.0]},
        _entry(level="INFO", message="messages taken"),
        _entry(level="WARNING", message="changes come back", reason="It is down."),
    ]
    assert lines_of("salesforce_changes", entries) == [
        Line(AT, "arrived", "", "2 changes from Salesforce"),
        Line(AT, "warned", "", "salesforce_changes: changes come back: It is down."),
    ]


def test_what_is_printed_fits_a_terminal_and_has_no_colours_elsewhere() -> None:
    """Eighty columns hold every line, so that each address and command can be copied."""
    file = io.StringIO()
    console = Console(file=file, width=80, highlight=False)
    print_places(console, places(READY, None))
    print_commands(console, commands(READY))
    print_lines(console, [_line("written", UPDATE)])
    shown = file.getvalue()
    lines = shown.splitlines()
    assert [line for line in lines if len(line.rstrip()) > 80] == []
    assert "\x1b" not in shown
    assert [line.split() for line in lines[:7]] == [
        ["Playground", "http://127.0.0.1:40007"],
        ["Console", "http://127.0.0.1:40007/console", "(opens", "it,", "signed", "in)"],
        ["HubSpot", "555001", "http://127.0.0.1:40005"],
        ["HubSpot", "555002", "http://127.0.0.1:40005"],
        ["Salesforce", "http://127.0.0.1:40006"],
        ["Control", "URL", "http://127.0.0.1:40001"],
        ["AWS", "endpoint", "http://127.0.0.1:40004", "(eu-west-1)"],
    ]
    assert sum(line.strip()[:2] in {"1.", "2.", "3."} for line in lines) == 3
    assert lines[-1].split(maxsplit=2) == ["12:30:15", "written", f"hubspot:contact:1: {UPDATE}"]

"""When a schedule is due."""

from datetime import UTC, datetime

import pytest

from local.stack.template.intrinsics import UnresolvedError
from local.stack.template.recurrence import recurrence_of


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def turns(expression: str, began: str, count: int = 3) -> list[str]:
    recurrence, moment, found = recurrence_of(expression, ms(began)), ms(began), []
    for _ in range(count):
        due = recurrence.after(moment)
        if due is None:
            break
        moment = due
        found.append(datetime.fromtimestamp(moment / 1000, UTC).strftime("%a %Y-%m-%dT%H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            "rate(1 minute)",
            ["Sat 2026-11-21T10:00:30", "Sat 2026-11-21T10:01:30", "Sat 2026-11-21T10:02:30"],
        ),
        (
            "rate(6 hours)",
            ["Sat 2026-11-21T15:59:30", "Sat 2026-11-21T21:59:30", "Sun 2026-11-22T03:59:30"],
        ),
        (
            "rate(1 day)",
            ["Sun 2026-11-22T09:59:30", "Mon 2026-11-23T09:59:30", "Tue 2026-11-24T09:59:30"],
        ),
        (
            "cron(0 10 * * ? *)",
            ["Sat 2026-11-21T10:00:00", "Sun 2026-11-22T10:00:00", "Mon 2026-11-23T10:00:00"],
        ),
        (
            "cron(15,45 8-9 ? * MON-FRI *)",
            ["Mon 2026-11-23T08:15:00", "Mon 2026-11-23T08:45:00", "Mon 2026-11-23T09:15:00"],
        ),
        (
            "cron(0/20 0 1 JAN ? 2028)",
            ["Sat 2028-01-01T00:00:00", "Sat 2028-01-01T00:20:00", "Sat 2028-01-01T00:40:00"],
        ),
        ("cron(0 0 31 12 ? 2026)", ["Thu 2026-12-31T00:00:00"]),
        ("at(2026-12-24T18:00:00)", ["Thu 2026-12-24T18:00:00"]),
        ("at(2026-01-01T00:00:00)", []),
    ],
)
def test_an_expression_has_these_times(expression: str, expected: list[str]):
    """They are the first ones from half a minute before ten on a Saturday."""
    assert turns(expression, "2026-11-21T09:59:30") == expected


@pytest.mark.parametrize(
    "expression",
    ["every day", "rate(0 minutes)", "rate(1 week)", "cron(0 0 * *)", "cron(0 0 L * ? *)"],
)
def test_an_unreadable_expression_is_refused(expression: str):
    """Otherwise the schedule would never run."""
    with pytest.raises(UnresolvedError):
        recurrence_of(expression, 0)

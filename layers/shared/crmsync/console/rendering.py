"""Templates to text. The only module that knows Jinja.

Law: everything that a template prints is escaped, and a name that a view does not have is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crmsync.console.wording import number_of_records

FOLDER = Path(__file__).parent / "templates"


@cache
def style() -> str:
    """The style sheet, which stands in each page."""
    return (FOLDER / "console.css").read_text(encoding="utf-8")


def rendered(template: str, values: Mapping[str, object]) -> str:
    """The text of a template with these values."""
    return _environment().get_template(f"{template}.html").render(values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["minute"] = _minute
    environment.filters["number"] = _number
    environment.filters["records"] = number_of_records
    return environment


def _minute(at: datetime) -> str:
    """A time to the minute."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _number(count: float) -> str:
    """A number with commas between thousands."""
    return f"{count:,}"

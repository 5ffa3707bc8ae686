"""Templates to text. Everything that a template prints is escaped, and a name that a page does not
have is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).parent / "templates"
_CONSOLE = Path(__file__).parents[2] / "layers/shared/crmsync/console/templates/console.css"


def rendered(template: str, values: Mapping[str, object]) -> str:
    """The text of a template with these values."""
    return _environment().get_template(f"{template}.html").render(values)


@cache
def file(name: str) -> str:
    """The style sheet (the console's, with what the playground adds) or the script."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return _CONSOLE.read_text(encoding="utf-8") + text if name.endswith(".css") else text


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

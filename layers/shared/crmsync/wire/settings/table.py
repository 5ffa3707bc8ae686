"""The base of all tables of the settings file: strictness, and errors with our own sentences."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError


def wrong(sentence: str) -> PydanticCustomError:
    """An error whose text is the sentence to be shown."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


class Table(BaseModel):
    """A table of the file: unknown keys are errors (CFG-2), and values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def given(self) -> dict[str, Any]:
        """The values that are in the file, so that defaults only exist in
        `crmsync.model.settings`.
        """
        return {name: getattr(self, name) for name in self.model_fields_set}


AUTO = "auto"


def limit(value: object, info: ValidationInfo) -> int | None:
    """A number, or None for "auto"."""
    if value == AUTO:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wrong(
        f"{info.field_name} is {json.dumps(value, default=str)}, "
        f'must be a whole number, at least 0, or "{AUTO}"'
    )

"""What all tables of the settings file have in common: their strictness, and how a value is
complained of. No table stands here.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError


def wrong(sentence: str) -> PydanticCustomError:
    """An error whose text is already the complaint's."""
    return PydanticCustomError("sentence", "{sentence}", {"sentence": sentence})


class Table(BaseModel):
    """A table of the file: unknown keys are refused (CFG-2), values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def given(self) -> dict[str, Any]:
        """Only what the file says, so that the defaults of `crmsync.model.settings` are the only
        ones.
        """
        return {name: getattr(self, name) for name in self.model_fields_set}


AUTO = "auto"


def limit(value: object, info: ValidationInfo) -> int | None:
    """A number, or "auto", which the model has as None."""
    if value == AUTO:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise wrong(
        f'{info.field_name} is {json.dumps(value, default=str)}, must be a whole number, at least 0, or "{AUTO}"'
    )

"""An administrator's rules on writes: a property that is always required, or required while another
one has a value.

From the paths of /2026-09/ on they also apply to writes by API; older paths ignore them [D:
developer changelog, "CRM API Write Validation Enforcement"]. The code and text of the refusal are
[M]; that it is a 400 VALIDATION_ERROR is [D].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIRST = "2026-09"
"""The first version that enforces them."""

_DATE = re.compile(r"/(\d{4}-\d{2})(?:-beta)?/")


@dataclass(frozen=True, slots=True)
class WriteRule:
    """`name` must not be blank: ever, or (with `when`) while the property `when` has the value
    `value`.
    """

    object: str
    name: str
    when: str = ""
    value: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> WriteRule:
        """Read an entry of the world file. Raises `ValueError` for an invalid one."""
        rule = row["rule"]
        if rule == "required":
            return cls(str(row["object"]), str(row["property"]))
        if not isinstance(rule, Mapping):
            msg = f'a write rule is "required" or {{"when", "is"}}, not {rule!r}'
            raise ValueError(msg)  # noqa: TRY004 - the file is wrong, not the program
        return cls(str(row["object"]), str(row["property"]), str(rule["when"]), str(rule["is"]))


def are_enforced(path: str) -> bool:
    """Return whether the rules apply to a call to this path."""
    found = _DATE.search(path)
    return found is not None and found.group(1) >= FIRST


def broken(
    rules: Iterable[WriteRule],
    existing: Mapping[str, str],
    written: Mapping[str, str],
    *,
    is_new: bool,
) -> list[tuple[str, str, str]]:
    """Return what a write breaks: property, code, text. Only the rules that the write touches
    count, all of them for a new record [M].
    """
    return [
        (rule.name, "REQUIRED_PROPERTY_MISSING", f"{rule.name} is required")
        for rule in rules
        if (is_new or {rule.name, rule.when} & written.keys())
        and not existing.get(rule.name)
        and (not rule.when or existing.get(rule.when) == rule.value)
    ]

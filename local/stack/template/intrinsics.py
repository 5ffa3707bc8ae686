"""CloudFormation's intrinsic functions, resolved to plain values.

Law: pure. A `Names` answers what a logical id stands for; parameters and conditions come with the
template. Functions that this project's template does not need (``Fn::ImportValue``,
``Fn::Transform``, ...) are refused by name, never passed on half resolved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol


class UnresolvedError(ValueError):
    """The template uses something that the laptop stack cannot resolve; the message says what."""


NO_VALUE = object()
"""What ``AWS::NoValue`` resolves to; the property or list item that has this value is left out."""


class Names(Protocol):
    """What logical ids stand for."""

    def ref(self, logical_id: str) -> str:
        """Return the value of ``Ref``."""

    def attribute(self, logical_id: str, attribute: str) -> str:
        """Return the value of ``Fn::GetAtt``."""


class Resolver:
    """Resolves values of one template."""

    def __init__(
        self, parameters: Mapping[str, Any], conditions: Mapping[str, Any], names: Names
    ) -> None:
        """Resolve with these parameters (including pseudo parameters) and the template's
        ``Conditions``.
        """
        self._parameters = parameters
        self._conditions = conditions
        self._names = names
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::Equals": self._equals,
            "Fn::Not": lambda given: not self._holds(given[0]),
            "Fn::And": lambda given: all(self._holds(part) for part in given),
            "Fn::Or": lambda given: any(self._holds(part) for part in given),
            "Condition": self.condition,
        }

    def condition(self, name: str) -> bool:
        """Return whether the named condition holds. Raises `UnresolvedError` for an unknown
        name.
        """
        if name not in self._conditions:
            raise UnresolvedError(f"the template has no condition {name!r}")
        return self._holds(self._conditions[name])

    def resolve(self, value: Any) -> Any:
        """Return the value with every function in it evaluated. Raises `UnresolvedError`."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, given = next(iter(value.items()))
            if name in self._functions and not (name == "Condition" and not isinstance(given, str)):
                return self._functions[name](given)
            if name.startswith("Fn::"):
                raise UnresolvedError(f"the laptop stack does not know {name}")
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def _holds(self, value: Any) -> bool:
        return bool(self.resolve(value))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self._parameters[name] if name in self._parameters else self._names.ref(name)

    def _get_att(self, given: Any) -> str:
        logical_id, attribute = given.split(".", 1) if isinstance(given, str) else given
        return self._names.attribute(logical_id, attribute)

    def _sub(self, given: Any) -> str:
        text, own = (given, {}) if isinstance(given, str) else given

        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in own:
                return str(self.resolve(own[name]))
            return str(
                self._get_att(name)
                if "." in name and name not in self._parameters
                else self._ref(name)
            )

        return re.sub(r"\$\{([^}]+)\}", replaced, text)

    def _join(self, given: Any) -> str:
        return str(given[0]).join(str(part) for part in self.resolve(given[1]))

    def _select(self, given: Any) -> Any:
        return self.resolve(given[1])[int(self.resolve(given[0]))]

    def _split(self, given: Any) -> list[str]:
        return str(self.resolve(given[1])).split(given[0])

    def _if(self, given: Any) -> Any:
        return self.resolve(given[1] if self.condition(given[0]) else given[2])

    def _equals(self, given: Any) -> bool:
        left, right = map(self.resolve, given)
        return bool(str(left) == str(right))

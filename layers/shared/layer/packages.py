"""The packages of the layer: what its list pins, and what each package says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]+\])?==([^\s\\;]+)", re.MULTILINE)
_CLASS = "License :: OSI Approved :: "


@dataclass(frozen=True, slots=True)
class Package:
    """One package: its normalised name, what licences it names, and the SHA-256 of the file that it
    was installed from, if one was.

    `expression` is an SPDX expression; packages that have none name their licences in words.
    """

    name: str
    version: str
    expression: str = ""
    words: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def licence(self) -> str:
        """The licence as a reader wants it."""
        return self.expression or " or ".join(self.words)

    @property
    def purl(self) -> str:
        """The package's URL, as package-url has it: of the public index, wherever it was fetched
        from.
        """
        return f"pkg:pypi/{self.name}@{self.version}"


def normal(name: str) -> str:
    """A package's name as every index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> dict[str, str]:
    """Version by normalised name of a pinned list."""
    return {normal(name): version for name, version in _PIN.findall(text)}


def in_folder(site: Path, hashes: Mapping[str, str]) -> tuple[Package, ...]:
    """The packages that are installed in `site`, by name; `hashes` has a SHA-256 for each name."""
    found = [_described(one.metadata, hashes) for one in metadata.distributions(path=[str(site)])]
    return tuple(sorted(found, key=lambda package: package.name))


def installed(
    names: Iterable[str], hashes: Mapping[str, str] = MappingProxyType({})
) -> tuple[Package, ...]:
    """The packages of these names as they are installed here, by name. Raises
    ``PackageNotFoundError``.
    """
    return tuple(_described(metadata.metadata(name), hashes) for name in sorted(names))


def fetched(report: Mapping[str, Any]) -> dict[str, str]:
    """Normalised name -> SHA-256 of the file that was fetched, of a report of ``pip install
    --report``.
    """
    return {
        normal(one["metadata"]["name"]): one["download_info"]["archive_info"]["hashes"]["sha256"]
        for one in report["install"]
    }


def _described(facts: metadata.PackageMetadata, hashes: Mapping[str, str]) -> Package:
    """A package as it describes itself. Older ones have no SPDX expression, but say one word, or
    name classes of licences.
    """
    name, (short, expression) = (
        normal(facts["Name"]),
        (_said(facts, key) for key in ("License", "License-Expression")),
    )
    expression = expression or (short if " " not in short else "")
    classes = [
        one.removeprefix(_CLASS)
        for one in facts.get_all("Classifier", [])
        if one.startswith(_CLASS)
    ]
    return Package(
        name,
        facts["Version"],
        expression,
        () if expression else tuple(classes),
        hashes.get(name, ""),
    )


def _said(facts: metadata.PackageMetadata, key: str) -> str:
    return str(facts[key]).strip() if key in facts else ""

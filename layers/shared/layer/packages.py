"""The packages of the layer: the versions that its list pins, and the metadata of each package."""

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
    """One package.

    Attributes:
        name: Its normalised name.
        version: Its version.
        expression: Its licences as an SPDX expression, or "".
        words: The names of its licences if it has no expression.
        sha256: The hash of the file that it was installed from, or "".
    """

    name: str
    version: str
    expression: str = ""
    words: tuple[str, ...] = ()
    sha256: str = ""

    @property
    def licence(self) -> str:
        """The licence as text."""
        return self.expression or " or ".join(self.words)

    @property
    def purl(self) -> str:
        """The package URL (purl), which always names the public index."""
        return f"pkg:pypi/{self.name}@{self.version}"


def normal(name: str) -> str:
    """The normalised name of a package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(text: str) -> dict[str, str]:
    """The versions in a pinned list, by normalised name."""
    return {normal(name): version for name, version in _PIN.findall(text)}


def in_folder(site: Path, hashes: Mapping[str, str]) -> tuple[Package, ...]:
    """The packages installed in `site`, sorted by name; `hashes` has a SHA-256 for each name."""
    found = [_described(one.metadata, hashes) for one in metadata.distributions(path=[str(site)])]
    return tuple(sorted(found, key=lambda package: package.name))


def installed(
    names: Iterable[str], hashes: Mapping[str, str] = MappingProxyType({})
) -> tuple[Package, ...]:
    """The packages of these names that are installed here, sorted by name. Raises
    ``PackageNotFoundError``.
    """
    return tuple(_described(metadata.metadata(name), hashes) for name in sorted(names))


def fetched(report: Mapping[str, Any]) -> dict[str, str]:
    """Normalised name -> SHA-256 of the downloaded file, from a report of ``pip install
    --report``.
    """
    return {
        normal(one["metadata"]["name"]): one["download_info"]["archive_info"]["hashes"]["sha256"]
        for one in report["install"]
    }


def _described(facts: metadata.PackageMetadata, hashes: Mapping[str, str]) -> Package:
    """The package of this metadata. Older packages have no SPDX expression but one word, or licence
    classifiers.
    """
    name, (short, expression) = (
        normal(facts["Name"]),
        (_field(facts, key) for key in ("License", "License-Expression")),
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


def _field(facts: metadata.PackageMetadata, key: str) -> str:
    return str(facts[key]).strip() if key in facts else ""

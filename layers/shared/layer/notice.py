"""NOTICE: the packages in the layer and their licences."""

from __future__ import annotations

from collections.abc import Iterable

from layer.packages import Package

HEAD = (
    "crmsync\n"
    "Licensed under the Apache License, Version 2.0 (see LICENSE).\n"
    "\n"
    "The shared layer that `make build` makes carries the packages below, unchanged but for parts "
    "that are left out (see\n"
    "docs/decisions/0036-supply-chain.md). Each brings its licence and its authors' names along, "
    "in the layer's folder\n"
    "python/<package>-<version>.dist-info. `make requirements` writes this list.\n"
    "\n"
)


def notice(packages: Iterable[Package]) -> str:
    """The text of NOTICE for these packages."""
    return HEAD + "".join(
        f"{package.name} {package.version}: {package.licence}\n" for package in packages
    )

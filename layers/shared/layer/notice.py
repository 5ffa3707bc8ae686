"""NOTICE: whose work the layer ships, and under which licence."""

from __future__ import annotations

from collections.abc import Iterable

from layer.packages import Package

HEAD = """\
crmsync
Licensed under the Apache License, Version 2.0 (see LICENSE).

The shared layer that `make build` makes carries the packages below, unchanged but for parts that are left out (see
docs/decisions/0036-supply-chain.md). Each brings its licence and its authors' names along, in the layer's folder
python/<package>-<version>.dist-info. `make requirements` writes this list.

"""


def notice(packages: Iterable[Package]) -> str:
    """The text of NOTICE for these packages."""
    return HEAD + "".join(
        f"{package.name} {package.version}: {package.licence}\n" for package in packages
    )

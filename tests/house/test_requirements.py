"""pyproject.toml is the only source of dependencies. The exported lists pin what it names, with all
that follows, and nothing else.

Each pin has the hashes of its files, and nothing is installed without them.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from layer import packages
from tests.house.tree import ROOT, modules, text_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LISTS = sorted(
    str(path.relative_to(ROOT))
    for path in [*ROOT.glob("requirements/*.txt"), ROOT / "layers/shared/requirements.txt"]
)
PIN = re.compile(
    r"(?:[a-z0-9-]+(?:\[[a-z0-9,-]+\])?==[0-9a-z.]+(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n)+"
)
OURS = {"crmsync", "docs", "functions", "layer", "local", "simulators", "tests"}
RUNTIME = {"boto3", "botocore"}  # a Lambda brings both
BROWSER = (ROOT / "requirements/browser.in").read_text(encoding="utf-8").split()  # make browser
LEFT_OUT = {"zeep"}  # only simple-salesforce's Metadata API needs it: gateways/salesforce/sdk.py
LAYER, DEVELOPMENT = "layers/shared/requirements.txt", "requirements/dev.txt"


HASHED = f"\\\n    --hash=sha256:{'ab' * 32}\n"


def pins(name: str) -> dict[str, str]:
    """Return version by name of an exported list."""
    return packages.pinned((ROOT / name).read_text(encoding="utf-8"))


def closure(names: list[str], without: set[str]) -> set[str]:
    """Return these requirements and everything they bring along on this machine, without packages
    that are left out.
    """
    found: set[tuple[str, str]] = set()
    ahead = [Requirement(name) for name in names]
    while ahead:
        wanted = ahead.pop()
        if wanted.name in without:
            continue
        for extra in ("", *wanted.extras):
            key = (canonicalize_name(wanted.name), extra)
            if key in found:
                continue
            found.add(key)
            inner = [Requirement(text) for text in metadata.requires(wanted.name) or []]
            ahead += [
                it for it in inner if it.marker is None or it.marker.evaluate({"extra": extra})
            ]
    return {name for name, _ in found}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_pinned_and_plain(name: str) -> None:
    """A list has names and versions with their hashes: no range, no address, no option, no comment,
    no pin without a hash.
    """
    assert PIN.fullmatch((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "a==1.0\n",
        f"a>=1.0 {HASHED}",
        f"a==1.0 {HASHED}b==2\n",
        f"-i x\na==1.0 {HASHED}",
        f"a==1.0 {HASHED}# via b\n",
    ],
)
def test_what_is_not_pinned_is_seen(text: str) -> None:
    """A pin without a hash, a range, an option or a comment anywhere in a list is found."""
    assert PIN.fullmatch(f"a==1.0 {HASHED}")
    assert not PIN.fullmatch(text)


def test_nothing_is_installed_without_hashes() -> None:
    """The Makefile installs what is in a list, with required hashes; only the project itself, a
    folder, has none.
    """
    told = [
        line.strip(" @\t") for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    ]
    assert [line for line in told if "pip install" in line] == [
        "INSTALL := pip install -qq --disable-pip-version-check --require-hashes --no-deps",
        "$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps -e .",
    ]


def test_the_layer_holds_what_the_package_needs() -> None:
    """The layer's list is the package's dependencies, with all that we use of them; boto3 comes
    from the Lambda runtime.
    """
    assert set(pins(LAYER)) == closure(PROJECT["dependencies"], without=LEFT_OUT)


def test_development_has_what_the_layer_has() -> None:
    """Tests run against the versions that are deployed."""
    development = pins(DEVELOPMENT)
    assert pins(LAYER) == {name: development.get(name) for name in pins(LAYER)}


def test_development_names_all_that_is_asked_for() -> None:
    """Everything that pyproject.toml names is in the development list."""
    asked = {
        canonicalize_name(Requirement(name).name)
        for name in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    }
    assert asked - set(pins(DEVELOPMENT)) == set()


def imported(source: str) -> set[str]:
    """Return the top-level packages that a source imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - OURS


def asked_for(*lists: list[str]) -> set[str]:
    """Return the names of the packages in lists of requirements."""
    return {canonicalize_name(Requirement(name).name) for names in lists for name in names}


@pytest.mark.parametrize(("rooms", "allowed"), [
    (("layers", "functions"), asked_for(PROJECT["dependencies"]) | RUNTIME),
    (("local", "simulators", "tests"), asked_for(PROJECT["dependencies"], PROJECT["optional-dependencies"]["dev"], BROWSER)),
], ids=["product", "development"])  # fmt: skip
def test_what_is_imported_is_asked_for(rooms: tuple[str, ...], allowed: set[str]) -> None:
    """No module relies on a package that only comes along with another one."""
    packages = metadata.packages_distributions()
    missing = {
        (str(path), name)
        for path in modules()
        if path.parts[0] in rooms
        for name in imported(text_of(path))
        if not {canonicalize_name(package) for package in packages.get(name, [name])} & allowed
    }
    assert missing == set()


def test_imports_are_seen_wherever_they_stand() -> None:
    """Imports inside functions count, parts of a package count as the package, the standard library
    does not.
    """
    assert imported(
        "import os, yaml.nodes\ndef f():\n    from moto.core import x\nfrom crmsync import y\n"
    ) == {
        "yaml",
        "moto",
    }

"""The parts of packages that the layer leaves out are never needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from layer.kept import SHARES, Share, files_of, take_out
from layer.packages import normal, pinned

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ("boto3", "botocore", "s3transfer")
"""The packages of the Lambda runtime, and those in the layer's list."""

TRY = """
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({absent!r}))  # an import of one of these fails
sys.path[:0] = [{site!r}, {shared!r}]
import crmsync
for module in pkgutil.walk_packages(crmsync.__path__, "crmsync."):
    importlib.import_module(module.name)

import hubspot, simple_salesforce
from crmsync.gateways.hubspot.versions import api_factory
from crmsync.gateways.salesforce.sdk import Salesforce
assert hubspot.__file__.startswith({site!r}) and simple_salesforce.__file__.startswith({site!r})
objects = hubspot.HubSpot(access_token="t", host="https://a.example", api_factory=api_factory("2026-03")).crm.objects
print(type(objects.batch_api).__name__, type(objects.search_api).__name__)
try:
    Salesforce(instance="a.example", session_id="t").mdapi
except NotImplementedError as error:
    print(error)
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the complete packages of which the layer has only parts."""
    for name, share in SHARES.items():
        whole = str(metadata.distribution(name).locate_file(share.folder))
        shutil.copytree(
            whole, tmp_path / share.folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    return tmp_path


def absent() -> set[str]:
    """Return the top-level modules that are installed here but neither in the layer nor in the
    Lambda runtime.
    """
    there = {
        *pinned((ROOT / "layers/shared/requirements.txt").read_text(encoding="utf-8")),
        *RUNTIME,
        "crmsync",
    }
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if not {normal(owner) for owner in owners} & there and module not in sys.stdlib_module_names
    }


def test_crmsync_runs_with_what_the_layer_has(site: Path) -> None:
    """Every module of crmsync is imported and both vendor clients are created with nothing else
    installed.
    """
    take_out(site)
    script = TRY.format(absent=sorted(absent()), site=str(site), shared=str(ROOT / "layers/shared"))
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )

    assert "zeep" in absent()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "BatchApi SearchApi",
        "crmsync's layer is built without Salesforce's Metadata API.",
    ]


def test_most_of_hubspots_client_is_left_out(site: Path) -> None:
    """Of more than two thousand files about fifty are kept, including the client of the CRM
    objects.
    """
    before = sum(path.is_file() for path in (site / "hubspot").rglob("*.py"))
    take_out(site)
    after = [path.relative_to(site) for path in (site / "hubspot").rglob("*.py")]

    assert before > 2000
    assert len(after) < 100
    assert Path("hubspot/crm/objects/api/batch_api.py") in after


def test_a_share_is_the_kept_files_without_the_dropped_ones(tmp_path: Path) -> None:
    """Subfolders are kept only if a pattern says so."""
    for name in ("a.py", "b.py", "in/c.py", "in/deep/d.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    share = Share("x", "", kept=("*.py", "in/*.py"), dropped=("b.py",))
    assert files_of(share, tmp_path) == {tmp_path / "a.py", tmp_path / "in/c.py"}


def test_a_missing_package_is_an_error(tmp_path: Path) -> None:
    """Otherwise a package that moved its code would be shipped completely, or not at all."""
    with pytest.raises(FileNotFoundError):
        take_out(tmp_path)

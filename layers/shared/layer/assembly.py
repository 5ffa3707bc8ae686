"""Builds the layer: the pinned packages with checked hashes and without unused parts, the package
crmsync, and the bill of materials.

Law: pip downloads and checks the packages, from wherever the builder's pip is configured to; each
file must have a hash from the list, on any machine and for any architecture. Nothing is compiled: a
package without a suitable wheel fails the build.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from layer.bill import bill
from layer.kept import take_out
from layer.notice import notice
from layer.packages import Package, fetched, in_folder, pinned

PLATFORMS: Mapping[str, Sequence[str]] = {
    architecture: [
        f"{tag}_{machine}" for tag in ("manylinux_2_34", "manylinux_2_28", "manylinux2014")
    ]
    for architecture, machine in (("arm64", "aarch64"), ("x86_64", "x86_64"))
}
"""Lambda's architectures -> the platforms whose wheels run there: python3.13 runs on Amazon Linux
2023, which has glibc 2.34.
"""

PYTHON = "3.13"


class AssemblyError(Exception):
    """The layer cannot be built; the text says why."""


def assemble(pins: Path, package: Path, architecture: str, folder: Path) -> None:
    """Fill `folder` with ``python/``, NOTICE and the bill of materials ``sbom.cdx.json``. Raises
    `AssemblyError`.
    """
    site = folder / "python"
    shutil.rmtree(site, ignore_errors=True)  # pip would leave an older build's files in place
    packages = _install(pins, architecture, site)
    found, wanted = (
        {one.name: one.version for one in packages},
        pinned(pins.read_text(encoding="utf-8")),
    )
    if found != wanted:
        raise AssemblyError(
            f"pip installed other packages than {pins} names: "
            f"{sorted(found.items() ^ wanted.items())}"
        )
    try:
        take_out(site)
    except FileNotFoundError as error:
        raise AssemblyError(f"What layer/kept.py takes apart is not there: {error}") from error
    # The packages' commands are for the build machine.
    shutil.rmtree(site / "bin", ignore_errors=True)
    shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "NOTICE").write_text(notice(packages), encoding="utf-8")
    (folder / "sbom.cdx.json").write_text(bill(packages), encoding="utf-8")


def _install(pins: Path, architecture: str, site: Path) -> tuple[Package, ...]:
    """Install the packages of the list `pins`, and no others, into `site`."""
    platforms = [option for name in PLATFORMS[architecture] for option in ("--platform", name)]
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "--no-compile",
        ]
        command += [
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--requirement",
            str(pins),
        ]
        command += ["--implementation", "cp", "--python-version", PYTHON, *platforms]
        command += ["--target", str(site), "--report", str(report)]
        if subprocess.run(command, check=False).returncode:
            raise AssemblyError(
                "pip could not install the layer's packages with their hashes; it said why above."
            )
        return in_folder(site, fetched(json.loads(report.read_text(encoding="utf-8"))))

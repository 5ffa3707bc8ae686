"""Parts of packages that the layer leaves out: generated clients of APIs that crmsync never calls,
and documentation pages.

Law: only whole files and folders that our code cannot reach are left out; no file is changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a package that the layer has.

    Attributes:
        folder: The package's folder.
        said: A sentence about it, for the bill of materials.
        kept: Patterns of files that are kept.
        dropped: Patterns of those that are left out nevertheless.
    """

    folder: str
    note: str
    kept: tuple[str, ...] = ("**/*",)
    dropped: tuple[str, ...] = ()


SHARES: Mapping[str, Share] = {
    "hubspot-api-client": Share(
        folder="hubspot",
        note="Only the client of the CRM objects API is kept; "
        "other endpoints are called through its transport.",
        kept=(
            "*.py",
            "crm/*.py",
            "crm/objects/*.py",
            "crm/objects/api/*.py",
            "crm/objects/models/*.py",
            "discovery/*.py",
            "discovery/crm/*.py",
            "discovery/crm/objects/*.py",
        ),
    ),
    "simple-salesforce": Share(
        folder="simple_salesforce",
        note="Without its Metadata API, the only part that needs zeep.",
        dropped=("metadata.py", "metadata.wsdl"),
    ),
    "aws-lambda-powertools": Share(
        folder="aws_lambda_powertools",
        note="Without its event handlers and their page of documentation.",
        dropped=("event_handler/**/*",),
    ),
}


def files_of(share: Share, folder: Path) -> set[Path]:
    """The files in the package's `folder` that the layer has."""
    kept = {path for pattern in share.kept for path in folder.glob(pattern) if path.is_file()}
    return kept - {path for pattern in share.dropped for path in folder.glob(pattern)}


def take_out(site: Path) -> None:
    """Delete the parts of the packages in `site` that the layer leaves out. Raises
    `FileNotFoundError` if a package is missing.
    """
    for share in SHARES.values():
        folder = site / share.folder
        carried = files_of(share, folder)
        if not carried:
            raise FileNotFoundError(folder)
        for path in [path for path in folder.rglob("*") if path.is_file() and path not in carried]:
            path.unlink()
        for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
            if not any(path.iterdir()):
                shutil.rmtree(path)

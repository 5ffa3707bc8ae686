"""What of a package the layer does not carry: generated clients of APIs that crmsync never calls,
and documentation pages.

Law: whole folders and files of data or of code that nothing of ours can reach; never a change
inside a file.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a package: the files that match one of `kept`, less those that match one of
    `dropped`; and a sentence that says so.
    """

    folder: str
    said: str
    kept: tuple[str, ...] = ("**/*",)
    dropped: tuple[str, ...] = ()


SHARES: Mapping[str, Share] = {
    "hubspot-api-client": Share(
        folder="hubspot",
        said="Only the client of the CRM objects API is kept; other endpoints are called through its transport.",
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
        said="Without its Metadata API, the only part that needs zeep.",
        dropped=("metadata.py", "metadata.wsdl"),
    ),
    "aws-lambda-powertools": Share(
        folder="aws_lambda_powertools",
        said="Without its event handlers and their page of documentation.",
        dropped=("event_handler/**/*",),
    ),
}


def files_of(share: Share, folder: Path) -> set[Path]:
    """The files of the package's `folder` that the layer carries."""
    kept = {path for pattern in share.kept for path in folder.glob(pattern) if path.is_file()}
    return kept - {path for pattern in share.dropped for path in folder.glob(pattern)}


def take_out(site: Path) -> None:
    """Take out of the packages in `site` what the layer does not carry. Raises `FileNotFoundError`
    where a package is not there.
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

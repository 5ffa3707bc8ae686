"""The layer's bill of materials, in the JSON form of CycloneDX 1.6.

The same packages give the same text, without a time or a serial number, so that an unchanged layer
is not deployed again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from layer.kept import SHARES
from layer.packages import Package


def bill(packages: Iterable[Package]) -> str:
    """The bill of these packages: name, version, licence, purl and hash of each, and which parts
    were left out.
    """
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "crmsync",
                "name": "crmsync",
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [_component(package) for package in packages],
    }
    return json.dumps(document, indent=2) + "\n"


def _component(package: Package) -> Mapping[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "licenses": _licences(package),
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
    }
    if share := SHARES.get(package.name):
        component["pedigree"] = {"notes": share.note}
    return component


def _licences(package: Package) -> list[Mapping[str, Any]]:
    if package.expression:
        return [{"expression": package.expression}]
    return [{"license": {"name": word}} for word in package.words]

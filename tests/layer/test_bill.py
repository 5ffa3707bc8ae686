"""The layer's bill of materials is valid by CycloneDX's schema and names the packages of the
layer's list.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from layer.bill import bill
from layer.packages import Package, installed, pinned

LIST = Path(__file__).resolve().parents[2] / "layers/shared/requirements.txt"
PINS = pinned(LIST.read_text(encoding="utf-8"))
VALID = JsonStrictValidator(SchemaVersion.V1_6)


def of_the_layer() -> str:
    """Return the bill of the packages in the layer's list, each with a hash."""
    return bill(installed(PINS, dict.fromkeys(PINS, "ab" * 32)))


def test_the_bill_is_valid() -> None:
    """CycloneDX's schema for version 1.6 accepts it."""
    assert VALID.validate_str(of_the_layer()) is None


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('"library"', '"libary"'), ("SHA-256", "SHA-255"), ('"version": 1', '"version": "1"')],
)
def test_an_invalid_bill_is_refused(right: str, wrong: str) -> None:
    """The schema refuses unknown keys and wrong types."""
    text = of_the_layer()
    assert right in text
    assert VALID.validate_str(text.replace(right, wrong, 1)) is not None


def test_the_bill_names_every_package() -> None:
    """Names and versions are those of the list, in order; each package has a purl, a licence and a
    hash.
    """
    components = json.loads(of_the_layer())["components"]
    assert [(one["name"], one["version"], one["purl"]) for one in components] == [
        (name, version, f"pkg:pypi/{name}@{version}") for name, version in sorted(PINS.items())
    ]
    assert [
        one["name"] for one in components if not one["licenses"] or not one["hashes"][0]["content"]
    ] == []


def test_a_package_is_described_completely() -> None:
    """Licences without an SPDX expression are given by name, and parts that are left out are
    mentioned.
    """
    packages = [
        Package("hubspot-api-client", "12.0.0", "Apache-2.0", (), "ab" * 32),
        Package(
            "python-dateutil", "2.9.0", "", ("BSD License", "Apache Software License"), "cd" * 32
        ),
    ]
    assert json.loads(bill(packages))["components"] == [
        {
            "type": "library",
            "bom-ref": "pkg:pypi/hubspot-api-client@12.0.0",
            "name": "hubspot-api-client",
            "version": "12.0.0",
            "purl": "pkg:pypi/hubspot-api-client@12.0.0",
            "licenses": [{"expression": "Apache-2.0"}],
            "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
            "pedigree": {
                "notes": "Only the client of the CRM objects API is kept; other endpoints are called through its transport."
            },
        },
        {
            "type": "library",
            "bom-ref": "pkg:pypi/python-dateutil@2.9.0",
            "name": "python-dateutil",
            "version": "2.9.0",
            "purl": "pkg:pypi/python-dateutil@2.9.0",
            "licenses": [
                {"license": {"name": "BSD License"}},
                {"license": {"name": "Apache Software License"}},
            ],
            "hashes": [{"alg": "SHA-256", "content": "cd" * 32}],
        },
    ]

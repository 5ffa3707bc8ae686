"""The template declares for each Lambda exactly the environment variables that the composition root
reads for it.
"""

from __future__ import annotations

import pytest

from tests.template.document import template_of_the_repository
from tests.template.wiring_reads import Reads, reads_of, wiring_source

TEMPLATE = template_of_the_repository()
WIRING = wiring_source()
SAMPLE = """
import os

def webhook():
    return _deep(os.environ["URL"])

def _deep(url):
    def inner():
        return [os.environ[f"{kind}_QUEUE_URL"] for kind in KINDS if f"{kind}_QUEUE_URL" in os.environ]
    return inner, os.environ.get("BUS", ""), _other

def _other():
    return os.environ["TABLE"]

def _unrelated():
    return os.environ["ELSEWHERE"]
"""


@pytest.mark.parametrize("name", sorted(TEMPLATE.functions))
def test_declared_and_read_agree(name: str) -> None:
    """A function declares what wiring reads for it; Powertools reads its own variables."""
    function = TEMPLATE.functions[name]
    entry = function["CodeUri"].strip("/").rpartition("/")[2]
    shared = TEMPLATE.body["Globals"]["Function"]["Environment"]["Variables"]
    declared = {**shared, **function["Environment"]["Variables"]}
    own = {variable for variable in declared if not variable.startswith("POWERTOOLS_")}
    assert reads_of(WIRING, entry).complaints(own) == []


@pytest.mark.parametrize("name", sorted(TEMPLATE.functions))
def test_the_service_is_the_folder(name: str) -> None:
    """Logs and metrics name a function by its folder."""
    function = TEMPLATE.functions[name]
    assert (
        function["CodeUri"]
        == f"functions/{function['Environment']['Variables']['POWERTOOLS_SERVICE_NAME']}/"
    )


def test_reads_are_followed_through_the_module() -> None:
    """Direct and indirect readers count, including nested ones; unrelated ones do not; a composed
    name is a pattern.
    """
    assert reads_of(SAMPLE, "webhook") == Reads({"URL", "TABLE"}, {"BUS", "*_QUEUE_URL"})


def test_disagreement_is_named() -> None:
    """A missing variable and an unused one are both reported; a pattern accepts every name that
    fits it.
    """
    reads = Reads({"URL", "TABLE"}, {"*_QUEUE_URL"})
    assert reads.complaints({"URL", "CONTACT_QUEUE_URL", "OLD"}) == [
        "TABLE is read and not declared",
        "OLD is declared and not read",
    ]

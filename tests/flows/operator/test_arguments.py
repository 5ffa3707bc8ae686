"""Connections by their names, as the operator's commands give them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.errors import Refused
from crmsync.flows.arguments import chosen_connections
from crmsync.model.settings import Settings
from tests.builders import a_connection

ACME = a_connection()
LABS = replace(ACME, name="labs")


@pytest.mark.parametrize(
    ("settings", "name", "error"),
    [
        (
            Settings((ACME, LABS)),
            "other",
            Refused(
                "There is no connection other.",
                code="CONNECTION",
                hint="There are these: acme, labs.",
            ),
        ),
        (
            Settings(()),
            "other",
            Refused(
                "There is no connection other.", code="CONNECTION", hint="There are these: none."
            ),
        ),
        (
            Settings(()),
            "",
            Refused("There are no connections: push settings first.", code="CONNECTION"),
        ),
    ],
    ids=["unknown", "unknown, and there are none", "there are none"],
)
def test_a_connection_that_does_not_exist_is_refused(
    settings: Settings, name: str, error: Refused
) -> None:
    """The error names the connections that there are, or says what to do first."""
    with pytest.raises(Refused) as refused:
        chosen_connections(settings, name)
    assert vars(refused.value) == vars(error)


@pytest.mark.parametrize(("name", "chosen"), [("", [ACME, LABS]), ("labs", [LABS])])
def test_without_a_name_all_connections_are_chosen(name: str, chosen: list[object]) -> None:
    """A name chooses the one that has it."""
    assert chosen_connections(Settings((ACME, LABS)), name) == chosen

"""The check of our HubSpot token's scopes."""

from __future__ import annotations

import pytest

from crmsync.errors import Refused
from crmsync.flows.setup.app_rights import check_app_rights
from crmsync.rules.settings.scopes import App, scopes_of
from crmsync.rules.timing.outages import is_refusal
from tests.builders import a_connection


class Token:
    """An `Account` whose token has these scopes."""

    def __init__(self, scopes: frozenset[str]) -> None:
        """These and no others."""
        self.scopes = scopes

    def app(self) -> App:
        """As the port says."""
        return App("1", "1", self.scopes)


def test_a_missing_scope_is_a_refusal_that_names_it() -> None:
    """With all scopes nothing is raised."""
    connection = a_connection()
    wanted = frozenset(scopes_of(connection))
    check_app_rights(connection, Token(wanted))

    with pytest.raises(Refused, match=r"lacks crm\.objects\.owners\.read\.$") as caught:
        check_app_rights(connection, Token(wanted - {"crm.objects.owners.read"}))
    assert (caught.value.code, is_refusal(caught.value)) == ("MISSING_SCOPES", True)

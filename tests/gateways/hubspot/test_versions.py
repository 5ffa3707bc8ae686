"""The version of HubSpot's API that is used, and paths that must not be called any more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crmsync.errors import Refused
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.versions import path_in, version_of
from tests.gateways.scripted import Response, script
from tests.simulated import FixedSecret

SOURCES = [
    path
    for part in ("layers/shared/crmsync", "functions")
    for path in sorted(Path(part).rglob("*.py"))
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (None, "/crm/owners/2026-03"),
        ("", "/crm/owners/2026-03"),
        ("2026-09", "/crm/owners/2026-09"),
        ("v3", "/crm/v3/owners"),
    ],
)
def test_the_secret_names_the_api_version(word: str | None, expected: str) -> None:
    """The default is date-based; the old paths are one setting away."""
    secret = {"access_token": "t"} | ({} if word is None else {"api_version": word})
    with script(Response({"results": []})) as server:
        HubspotClient(FixedSecret({**secret, "api_url": server.url})).ask("GET", "/crm/v3/owners")
    assert [one.path for one in server.requests] == [expected]


def test_an_invalid_version_is_refused() -> None:
    """The refusal says where to correct it."""
    with pytest.raises(Refused) as caught:
        version_of("latest")
    assert (
        caught.value.hint
        == "Correct api_version in the connection's HubSpot secret, or take it out."
    )


@pytest.mark.parametrize(
    ("old", "dated"),
    [
        ("/crm/v3/objects/contacts/batch/read", "/crm/objects/2026-03/contacts/batch/read"),
        (
            "/crm/v4/associations/deals/contacts/batch/create",
            "/crm/associations/2026-03/deals/contacts/batch/create",
        ),
        ("/crm/v3/limits/pipelines", "/crm/limits/2026-03/pipelines"),
        ("/crm/v3/owners/", "/crm/owners/2026-03"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
        (
            "/communication-preferences/v4/statuses/{email}/unsubscribe-all",
            "/communication-preferences/2026-03/statuses/{email}/unsubscribe-all",
        ),
        ("/email/public/v1/events", "/email/public/v1/events"),
        (
            "/oauth/v2/private-apps/get/access-token-info",
            "/oauth/v2/private-apps/get/access-token-info",
        ),
    ],
)
def test_each_family_of_paths_has_its_dated_form(old: str, dated: str) -> None:
    """The e-mail event log and the call about the token have none."""
    assert path_in("2026-03", old) == dated


def test_no_path_that_has_ended_is_ever_called() -> None:
    """The program contains no path of OAuth v1 or pipelines v1, and of other v1 paths only the two
    of the e-mail event log.
    """
    found = {
        match
        for path in SOURCES
        for match in re.findall(
            r"\"(/[a-z0-9/{}.-]*/v1(?:/[^\"]*)?)\"", path.read_text(encoding="utf-8")
        )
    }
    assert found == {"/email/public/v1/events", "/email/public/v1/campaigns/{id}"}
    banned = re.compile(
        r"hubspot\.(auth|oauth)|oauth\(\)\.|/oauth/v1|crm-pipelines/v1|/pipelines/v1"
    )
    assert [str(path) for path in SOURCES if banned.search(path.read_text(encoding="utf-8"))] == []

"""Stories of the order in which opportunities are set up: companies and their import first, then
deals, then older opportunities.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from local.people import People
from local.stack import Stack
from tests.flows.conftest import NewStack
from tests.flows.stories.story_accounts import companies
from tests.flows.stories.story_command import command
from tests.flows.stories.story_contacts import SWEEP, open_errors
from tests.flows.stories.story_deals import (
    deals,
    edit_deal,
    new_deal,
    new_opportunity,
    opportunities,
    settings,
)

OLDER = ("Older one", "Older two")
ROWS: list[Mapping[str, Any]] = [
    {"type": "Account", "Name": "Older AG", "ref": "older"},
    *(
        {
            "type": "Opportunity",
            "Name": name,
            "StageName": "Prospecting",
            "CloseDate": "2027-06-30",
            "AccountId": "@older",
        }
        for name in OLDER
    ),
]
WORLD: Mapping[str, Any] = {
    "set_up": False,
    "hubspot": [{"portal_id": 555001, "tier": "professional"}],
    "salesforce": {"edition": "Enterprise Edition", "records": ROWS},
}


def push_and_set_up(stack: Stack, folder: Path, text: str) -> None:
    """Push these settings and run set-up."""
    file = folder / "settings.toml"
    file.write_text(text)
    command(stack, "settings", "push", str(file), "--apply")
    command(stack, "setup", "--apply")


@pytest.mark.rule("OPP-2")
@pytest.mark.rule("OPP-3")
@pytest.mark.rule("OPP-4")
@pytest.mark.rule("SET-5")
@pytest.mark.long
def test_accounts_are_imported_before_opportunities_sync(new_stack: NewStack, tmp_path: Path):
    """Before the import of accounts no deal syncs and opportunities cannot be imported; afterwards
    new ones sync, and older ones by import alone.
    """
    stack = new_stack(settings(), WORLD)
    people = People(stack.ready())
    push_and_set_up(stack, tmp_path, settings())
    early = new_opportunity(people, "Early")
    waiting = new_deal(people, "Waiting")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert (deals(people, "Early"), opportunities(people, "Waiting")) == ([], [])
    refused = command(stack, "import", "opportunities", "--apply", "--no-wait", status=1)
    assert "import accounts" in str(refused)

    command(stack, "import", "accounts", "--apply", "--no-wait")
    stack.settle()
    assert len(companies(people, "Older AG")) == 1
    new_opportunity(people, "New")
    edit_deal(people, waiting, amount="2")
    assert stack.advance(SWEEP)["open_errors"] == 0
    assert [len(deals(people, name)) for name in ("New", "Early", *OLDER)] == [1, 0, 0, 0]
    assert len(opportunities(people, "Waiting")) == 1
    people.edit_record("Opportunity", early, Amount=2)
    assert open_errors(stack) == 0
    assert deals(people, "Early") == []

    command(stack, "import", "opportunities", "--apply", "--no-wait")
    assert open_errors(stack) == 0
    assert [len(deals(people, name)) for name in ("New", "Early", *OLDER)] == [1, 1, 1, 1]
    assert [len(opportunities(people, name)) for name in ("New", "Early", "Waiting", *OLDER)] == [
        1
    ] * 5


@pytest.mark.rule("SET-5")
@pytest.mark.long
def test_with_deal_sync_off_nothing_of_deals_syncs(new_stack: NewStack):
    """With `sync = false` neither side changes, an import is refused, and set-up creates no
    pipeline.
    """
    stack = new_stack(settings({"sync": "false"}))
    people = People(stack.ready())
    new_opportunity(people, "Off there")
    new_deal(people, "Off here")
    result = stack.advance(SWEEP)
    assert (
        result["open_errors"],
        deals(people, "Off there"),
        opportunities(people, "Off here"),
    ) == (
        0,
        [],
        [],
    )
    command(stack, "import", "opportunities", "--apply", "--no-wait", status=1)
    labels = [
        one.label for one in people.hubspot.crm.pipelines.pipelines_api.get_all("deals").results
    ]
    assert labels == ["Sales Pipeline"]

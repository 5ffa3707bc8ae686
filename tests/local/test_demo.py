"""The demo's story notices where it is not as it should be."""

from __future__ import annotations

import json

import pytest

from local.demo.story import Story
from local.demo.terminal import HERE
from local.stack import Stack


@pytest.mark.long
def test_a_call_that_goes_one_way_is_not_as_expected() -> None:
    """Where calls cross to Salesforce alone, an edit and another owner of the task do not come
    back, and the scenes say so.
    """
    settings = (HERE / "settings.toml").read_text(encoding="utf-8")
    one_way = settings.replace('sync = "two_way"', 'sync = "to_salesforce"')
    with Stack(one_way, json.loads((HERE / "world.json").read_text(encoding="utf-8"))) as stack:
        steps = [play() for play in Story(stack).steps()]

    wrong = dict.fromkeys(
        step.title for step in steps for one in step.observations if not one.as_expected
    )
    assert list(wrong) == [
        "The task is edited in Salesforce",
        "The call is moved to another contact",
        "The call is re-assigned",
        "Ada's lead is converted",
    ]

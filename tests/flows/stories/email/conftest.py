"""The stack of the stories about e-mail tasks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.flows.stories.story_email import MAIL_SETTINGS, MAIL_WORLD


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    """One stack for all stories: three HubSpot accounts, each with its own mode."""
    with Stack(MAIL_SETTINGS, MAIL_WORLD) as stack:
        yield stack

"""``python -m local.soak STORY [options]``: the table of stories."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from local.soak import companies, email_tasks, opportunities, resync, slow_triggers


class Story(Protocol):
    """A module that plays one story."""

    ABOUT: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the story's options."""

    def play(self, arguments: argparse.Namespace) -> int:
        """Play the story; return 0 when everything is as it must be."""


STORIES: Mapping[str, Story] = MappingProxyType(
    {
        "companies": companies,
        "email-tasks": email_tasks,
        "opportunities": opportunities,
        "resync": resync,
        "slow-triggers": slow_triggers,
    }
)


def main() -> int:
    """Play the story that the arguments name."""
    parser = argparse.ArgumentParser(
        "python -m local.soak", description="Long stories on the laptop stack."
    )
    words = parser.add_subparsers(required=True, metavar="STORY")
    for name, story in STORIES.items():
        word = words.add_parser(name, help=story.ABOUT, description=story.ABOUT)
        word.set_defaults(play=story.play)
        story.add_options(word)
    arguments = parser.parse_args()
    status: int = arguments.play(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())

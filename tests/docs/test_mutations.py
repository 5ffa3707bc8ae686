"""The page on reliability lists the planted mutations as they are in their table."""

from __future__ import annotations

import re

from tests.docs.pages import page
from tests.mutations.table import page_rows, planted


def test_every_planted_mutation_is_listed() -> None:
    """The page has the rows that `make mutations ARGS=--page` prints, and no other."""
    told = page("docs/reliability.md").section("Mutations").splitlines()
    assert [line for line in told if line.startswith("|")] == page_rows(planted())


def test_the_number_of_mutations_is_told() -> None:
    """The figures of the last run are about as many mutations as there are."""
    text = page("docs/reliability.md").section("Mutations")
    (figures,) = re.findall(r"(\d+) of (\d+) mutations caught", text)
    assert figures == (str(len(planted())),) * 2

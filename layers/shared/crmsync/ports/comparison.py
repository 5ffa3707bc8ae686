"""What a comparison asks of our own tables: all links, and where results are kept.

The law of `crmsync.ports` holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.model.operations.comparison import ObjectComparison
from crmsync.model.records import Kind, Ref


@dataclass(frozen=True, slots=True)
class LinkedPair:
    """A link as a walk through the table finds it.

    Attributes:
        kind: Its concern.
        hubspot: The HubSpot record, by which the link is stored.
        salesforce: The Salesforce record that it names.
    """

    kind: Kind
    hubspot: Ref
    salesforce: Ref


@dataclass(frozen=True, slots=True)
class LinkPage:
    """A page of links.

    Attributes:
        pairs: The links of existing pairs; a page may have none.
        after: Where the next page begins, in the table's own words; None after the last page.
    """

    pairs: tuple[LinkedPair, ...]
    after: str | None


class LinkPages(Protocol):
    """All links of a connection, page by page."""

    def page(self, connection: str, after: str, size: int) -> LinkPage:
        """Up to `size` links of existing pairs, in a stable order, beginning at `after` ("" for the
        first page).

        A link that is there all the time is named once. Raises `TryAgain`.
        """


class Comparisons(Protocol):
    """The last result for each object of a connection."""

    def save(self, connection: str, results: Sequence[ObjectComparison]) -> None:
        """Store results in place of those before. Raises `TryAgain`."""

    def latest(self, connection: str) -> Sequence[ObjectComparison]:
        """The last results, by side and object. Raises `TryAgain`."""

"""Histories of companies and of who belongs to them, that failed once, shrunk, each with what was
wrong then.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.histories.steps import History, Person, Setting, Wait

COMPANIES: Mapping[str, History] = {
    "the primary company of a contact with two was deleted": History(
        Setting(creates="contact"),
        (
            Person("new person"),
            Person("new company"),
            Person("new company"),
            Wait(1232),
            Person("delete company"),
        ),
    ),
}

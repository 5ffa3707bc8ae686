"""Which rules exist: their ids, the concern of each, and whether a test is required. Data only.

docs/specification.md and its pages say what a rule means; the docstring of each test that shows one
repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concern:
    """The purpose of one Lambda, or of the operator.

    Attributes:
        title: The concern's name.
        release: The release from which its rules are binding; None while it is not built.
        binding: Ids that need a test, and code that names them, in the order of the page.
        further: Ids that add details. A test may show them; none is required.
    """

    title: str
    release: str | None
    binding: tuple[str, ...]
    further: tuple[str, ...]


def ids(*families: str) -> tuple[str, ...]:
    """Expand ids in short form: `ids("SET 1-3 7")` is SET-1, SET-2, SET-3, SET-7."""
    return tuple(id_ for family in families for id_ in _family(*family.split()))


def _family(name: str, *numbers: str) -> list[str]:
    bounds = [re.fullmatch(r"(\d+)(?:-(\d+))?", number) for number in numbers]
    return [
        f"{name}-{number}"
        for it in bounds
        if it is not None
        for number in range(int(it[1]), int(it[2] or it[1]) + 1)
    ]


CONTACTS = Concern(
    title="Contacts and leads",
    release="0.1.0",
    binding=ids(
        *(
            "SET 1-3 7-9",
            "INC 1-2 4-7",
            "DUP 1",
            "FLD 1-3 5-7",
            "OPT 1-7",
            "OWN 1-13",
            "TRG 10",
            "MAP 1-11",
        ),
    ),
    further=ids(
        *(
            "Q 10-18 21-24 35-38",
            "SET 20-23",
            "INC 20-24",
            "DUP 20-26",
            "MRG 1-3",
            "DEL 1-3",
            "TRG 1-2 6-9 11-17",
        ),
        *("MAP 12-16", "PLT 1-5", "CMP 1-7", "CH 1 3-5 8-10 12-13 16-17 19 25 30"),
    ),
)
COMPANIES = Concern(
    title="Companies and accounts",
    release="0.2.0",
    binding=ids(
        *(
            "SET 4 6",
            "DUP 2-5",
            "PA 1 3-9",
            "FLD 4 8-9",
            "LIFE 7",
            "OWN 14-17",
            "ACC 1-13",
            "LIM 1-2",
        ),
    ),
    further=ids(
        "Q 7-9 31 34", "PA 2", "DUP 27-28", "MRG 4-5", "LIFE 25-26", "ACC 20-21", "CH 11 15 23"
    ),
)
OPPORTUNITIES = Concern(
    title="Deals and opportunities",
    release="0.3.0",
    binding=ids(
        *("SET 5", "DUP 6-7", "FLD 10", "LIFE 1-6 8", "OWN 18-19", "OPP 1-14", "ROLL 1-8", "LIM 3"),
    ),
    further=ids("Q 1-6 25-30 32-33 39", "LIFE 20-24 27", "DEL 4", "OPP 20-26", "CUR 1", "CH 14"),
)
EMAIL_TASKS = Concern(
    title="E-mail events as tasks",
    release="0.2.0",
    binding=ids("SET 10", "TASK 2-5"),
    further=ids("Q 19-20", "TASK 1 20-31", "TRG 3-5", "CH 2 22"),
)
ACTIVITIES = Concern(
    title="Activities of both CRMs",
    release="0.4.0",
    binding=ids("ACT 1-8"),
    further=(),
)
OPERATOR = Concern(
    title="The operator",
    release=None,
    binding=ids("INS 1-3", "TEN 1-4"),
    further=ids(
        *(
            "IMP 1-5",
            "API 1-3",
            "ERR 1-8",
            "RTY 1-3",
            "PERM 1-4",
            "UNI 1-2",
            "CH 6-7 18 20-21 24 26 28-29 31-36",
            "CFG 1-3",
        ),
    ),
)
CONCERNS = (CONTACTS, COMPANIES, OPPORTUNITIES, EMAIL_TASKS, ACTIVITIES, OPERATOR)

# Ids of the specification that state no behaviour: history, pointers, summaries, sources that
# disagree, what is not built.
STATEMENTS = ids(
    "INS 4-5",
    "TEN 5",
    "INC 3",
    "DUP 8",
    "TASK 6",
    "OWN 20",
    "ACC 14",
    "CH 27",
    "CUS 1-4",
    "DIF 1-10",
)

# Ids of which neither a test nor code is demanded yet. The whole of what is built is demanded once
# this is `ids()`.
WAITED_FOR = frozenset(ids())
DEMANDED = (
    frozenset(
        (
            *CONTACTS.binding,
            *COMPANIES.binding,
            *OPPORTUNITIES.binding,
            *EMAIL_TASKS.binding,
            *ACTIVITIES.binding,
            *ids("INS 1-3", "TEN 1-4"),
        )
    )
    - WAITED_FOR
)

"""What the log lines of decisions say: effects, rules and reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

CITED = re.compile(r"\(([A-Z]{2,5}-[0-9]{1,3}(?:, [A-Z]{2,5}-[0-9]{1,3})*)\)$")
EFFECTS = (
    *(f"create {one}" for one in ("hubspot contact", "salesforce Lead", "salesforce Contact")),
    *(f"update {one}" for one in ("hubspot:contact", "salesforce:Lead", "salesforce:Contact")),
    *("create hubspot company", "create salesforce Account", "create hubspot deal"),
    *("create salesforce Opportunity", "create salesforce OpportunityContactRole"),
    *("update hubspot:company", "update salesforce:Account", "update hubspot:deal"),
    *("update salesforce:Opportunity", "delete hubspot:contact", "delete hubspot:deal"),
    *(
        "associate hubspot:contact",
        "associate hubspot:deal",
        "end salesforce:OpportunityContactRole",
    ),
    *("take hubspot:contact", "take hubspot:deal", "add up", "unsubscribe in hubspot"),
    *("save link", "forget link", "look at"),
)
"""What effects do, as their lines begin (`crmsync.model.effects`)."""


def effect_of(line: str) -> str:
    """The name of an effect, of its line."""
    words = line.replace(":", " : ").split()
    for name in EFFECTS:
        if words[: len(name.replace(":", " : ").split())] == name.replace(":", " : ").split():
            return name
    return " ".join(words[:2])


def exercised(lines: Iterable[str]) -> Iterator[str]:
    """Effects, rules and reports in the lines of a decision."""
    for line in lines:
        cited = CITED.search(line)
        yield from (f"rule {rule}" for rule in (cited[1].split(", ") if cited else ()))
        if line.startswith("report "):
            yield f"report {line.split(':')[0].removeprefix('report ')}"
        else:
            yield f"effect {effect_of(line)}"

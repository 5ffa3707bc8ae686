"""The tables of docs/errors.md, made from the table of error codes.

``python -m tests.docs.error_tables`` writes them into the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crmsync.errors import Conflict, Drifted, Gone, TryAgain
from crmsync.rules.refusals.findings import FINDINGS
from crmsync.rules.refusals.hubspot import HUBSPOT
from crmsync.rules.refusals.refusal import Extent, Refusal
from crmsync.rules.refusals.salesforce_calls import CALLS
from crmsync.rules.refusals.salesforce_records import RECORDS
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "errors.md"
TITLES: Mapping[str, Mapping[str, Refusal]] = {
    "Salesforce: one record": RECORDS,
    "Salesforce: fields, rights, login, limits": CALLS,
    "HubSpot": HUBSPOT,
    "Codes of crmsync's own": FINDINGS,
}
"""The headings of the page and what the table below each of them is made from."""

_HEADING = "| Code | Category | What it means | Who can fix it | What to do | Meanwhile |"
_RULE = "|---|---|---|---|---|---|"


def meanwhile(one: Refusal) -> str:
    """What crmsync does until the error is mended, in the words that the page explains."""
    if one.extent is Extent.SIDE:
        return "waits"
    by_kind = {TryAgain: "tries again", Gone: "reads again", Conflict: "reads again"}
    return by_kind.get(one.error, "rests" if one.error is Drifted else "parks")


def table(entries: Mapping[str, Refusal]) -> str:
    """The entries as a table; codes that mean the same have one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for code, one in entries.items():
        cells = (str(one.category), one.cause, str(one.who), one.hint or "-", meanwhile(one))
        rows.setdefault(cells, []).append(f"`{code}`")
    lines = [f"| {' | '.join((', '.join(codes), *cells))} |" for cells, codes in rows.items()]
    return "\n".join((_HEADING, _RULE, *lines))


def with_tables(text: str) -> str:
    """The page with the tables as they should be, each after the text below its heading."""
    for title, entries in TITLES.items():
        section = re.compile(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
        found = section.search(text)
        if found is None:
            raise KeyError(title)
        introduction = found[1].partition("\n|")[0].strip()
        new = f"## {title}\n\n{introduction}\n\n{table(entries)}\n"
        rest = text[found.end() :]
        text = text[: found.start()] + new + (f"\n{rest}" if rest else "")
    return text


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

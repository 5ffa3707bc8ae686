"""Tables for spreadsheets: CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from crmsync.wire.printable import flat

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a formula may begin; the last four are full-width characters, which some spreadsheets take
for the others.
"""


def csv_text(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a heading, every cell quoted, one line per row.

    A cell that a spreadsheet could take for a formula begins with an apostrophe. Control characters
    and line breaks become spaces.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows([_cell(one) for one in row] for row in rows)
    return text.getvalue().removesuffix("\n")


def _cell(content: object) -> str:
    text = flat("" if content is None else str(content))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text

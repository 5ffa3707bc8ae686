"""CRM search v3: one endpoint per object type (crm-objects-*-v3 [V])."""

from __future__ import annotations

from simulators.hubspot.api.call import Answer, Call, paging
from simulators.hubspot.api.objects import existing_names
from simulators.hubspot.api.rows import seen_row
from simulators.hubspot.records.search import search as evaluate


def search(call: Call) -> Answer:
    """POST a search over what the index sees now."""
    writes = call.portal.of(call.ids["type"])
    page = evaluate(call.row, call.portal.indexes[writes.kind.type_id], writes.table)
    names = existing_names(writes, call.row.get("properties") or [])
    rows = [seen_row(seen, writes.kind, names) for seen in page.rows]
    return Answer(200, {"total": page.total, "results": rows} | paging(page.after))

"""Which record across a record names as its counterpart, in the field of our own that both CRMs
keep. Lookups only; nobody is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from crmsync.model import names
from crmsync.model.crm_names import ACCOUNT, LEAD, OPPORTUNITY, SALESFORCE_CONTACT
from crmsync.model.records import Record, Ref, Side

_PREFIXES: Mapping[str, str] = MappingProxyType(
    {"00Q": LEAD, "003": SALESFORCE_CONTACT, "001": ACCOUNT, "006": OPPORTUNITY}
)
"""The first letters of a Salesforce id tell its object [D]."""

KEY_OF: Mapping[Side, str] = MappingProxyType(
    {Side.HUBSPOT: names.HUBSPOT_KEY, Side.SALESFORCE: names.SALESFORCE_KEY}
)
"""The field of each side that names the counterpart."""


def named_by(record: Record, portal_id: int, across: Collection[str]) -> Ref | None:
    """The counterpart that a record names among the objects `across`; of a Salesforce record only
    one in that portal (TEN-1).
    """
    text = str(record.fields.get(KEY_OF[record.ref.side]) or "")
    if record.ref.side is Side.HUBSPOT:
        name = _PREFIXES.get(text[:3], "")
        return Ref(Side.SALESFORCE, name, text) if name in across else None
    ours = names.salesforce_key(portal_id, "")
    identifier = text.removeprefix(ours)
    (name,) = across
    return Ref(Side.HUBSPOT, name, identifier) if text.startswith(ours) and identifier else None

"""Values that HubSpot sets by itself as a result of a write.

Law: pure. A rule takes what was written and the record's values after the write, and returns
further values; no rule reads other records.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from simulators.hubspot.pipelines import Pipelines
from simulators.hubspot.schema.standard import LIFECYCLE_STAGES
from simulators.hubspot.stamps import iso

Values = Mapping[str, str]
STAGE_ORDER: Mapping[str, int] = MappingProxyType(
    {stage: place for place, (stage, _) in enumerate(LIFECYCLE_STAGES)}
)


def may_move(old: str, new: str) -> bool:
    """Return whether a lifecycle stage may follow another: only forwards, and always from or to
    empty (PLT-5).
    """
    if not old or not new:
        return True
    return STAGE_ORDER.get(new, len(STAGE_ORDER)) >= STAGE_ORDER.get(old, -1)


def of_contact(written: Values, _existing: Values, _pipelines: Pipelines | None) -> dict[str, str]:
    """Return the domain of the e-mail address."""
    if "email" not in written:
        return {}
    return {"hs_email_domain": written["email"].rpartition("@")[2]}


def of_company(written: Values, existing: Values, _pipelines: Pipelines | None) -> dict[str, str]:
    """Return the website from the domain, if there is no website yet [S]."""
    fills = written.get("domain") and not existing.get("website")
    return {"website": written["domain"]} if fills else {}


def of_deal(written: Values, existing: Values, pipelines: Pipelines | None) -> dict[str, str]:
    """Return the probability and the closed flags of the stage, and the amount in the account's own
    currency (rate 1) [M].
    """
    more: dict[str, str] = {}
    if "amount" in written:
        more["amount_in_home_currency"] = written["amount"]
    stage = (
        pipelines.stage(existing.get("pipeline", ""), existing.get("dealstage", ""))
        if pipelines
        else None
    )
    if stage is not None and {"dealstage", "pipeline"} & set(written):
        probability = Decimal(str(stage.metadata.get("probability", "0")))
        more["hs_deal_stage_probability"] = str(probability)
        more["hs_is_closed"] = str(probability in {0, 1}).lower()
        more["hs_is_closed_won"] = str(probability == 1).lower()
    return more


def of_meeting(written: Values, existing: Values, _pipelines: Pipelines | None) -> dict[str, str]:
    """Return the place on the timeline from the start, if nothing else says it [D]."""
    fills = written.get("hs_meeting_start_time") and not existing.get("hs_timestamp")
    return {"hs_timestamp": written["hs_meeting_start_time"]} if fills else {}


_PEOPLE: Mapping[str, str] = MappingProxyType(
    {"email": "email", "firstname": "firstName", "lastname": "lastName"}
)
"""End of a property's name -> key in the headers of an e-mail [D]."""


def of_email(written: Values, _existing: Values, _pipelines: Pipelines | None) -> dict[str, str]:
    """Return sender and recipients from the headers, several joined by semicolons [D; M: the
    semicolons, and that other texts than JSON fill nothing].
    """
    if "hs_email_headers" not in written:
        return {}
    try:
        headers = json.loads(written["hs_email_headers"] or "{}")
    except ValueError:
        return {}
    known = headers if isinstance(headers, dict) else {}
    ends = {"from": [known.get("from")], "to": known.get("to") or []}
    return {
        f"hs_email_{end}_{part}": ";".join(
            str(one[key]) for one in people if isinstance(one, dict) and one.get(key)
        )
        for end, people in ends.items()
        for part, key in _PEOPLE.items()
    }


RULES: Mapping[str, Callable[[Values, Values, Pipelines | None], dict[str, str]]] = (
    MappingProxyType(
        {
            "0-1": of_contact,
            "0-2": of_company,
            "0-3": of_deal,
            "0-47": of_meeting,
            "0-49": of_email,
        }
    )
)


def derived(
    type_id: str, written: Values, existing: Values, pipelines: Pipelines | None, now_ms: int
) -> dict[str, str]:
    """Return all values that follow from a write to a record of this type."""
    rule = RULES.get(type_id)
    more = rule(written, existing, pipelines) if rule else {}
    if "hs_task_status" in written:
        is_done = written["hs_task_status"] == "COMPLETED"
        more["hs_task_completion_date"] = iso(now_ms) if is_done else ""  # [M]
    if "hubspot_owner_id" in written:
        more["hubspot_owner_assigneddate"] = iso(now_ms) if written["hubspot_owner_id"] else ""
    return more

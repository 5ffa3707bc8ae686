"""Which HubSpot records of a batch have a lifecycle stage that is news, so that company and
contacts catch up (LIFE-7, SET-8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmsync.model.crm_names import LIFECYCLE_STAGE
from crmsync.model.effects import Plan, UpdateRecord
from crmsync.model.facts import Facts
from crmsync.model.records import Ref, Side
from crmsync.rules.merge.baseline import view
from crmsync.rules.merge.ruleset import Ruleset


def changed_stages(
    facts: Sequence[Facts], plans: Sequence[Plan], ruleset: Ruleset
) -> Mapping[Ref, str]:
    """HubSpot record -> the stage that it has or is about to get, for linked records whose stage
    has changed since we last looked.

    A stage that is there when two records first meet is no news: an import would level whole
    companies.
    """
    if not ruleset.connection.companies.sync:
        return {}
    news: dict[Ref, str] = {}
    for one, plan in zip(facts, plans, strict=True):
        if one.hubspot is None or not plan.effects:
            continue
        stage = _written(plan) or str(one.hubspot.fields.get(LIFECYCLE_STAGE) or "")
        if stage and (_written(plan) or _is_news(one, ruleset)):
            news[one.hubspot.ref] = stage
    return news


def _written(plan: Plan) -> str:
    """The stage that a plan writes to HubSpot."""
    writes = (
        one for one in plan.effects if isinstance(one, UpdateRecord) and one.side is Side.HUBSPOT
    )
    return next(
        (str(one.fields[LIFECYCLE_STAGE]) for one in writes if one.fields.get(LIFECYCLE_STAGE)), ""
    )


def _is_news(facts: Facts, ruleset: Ruleset) -> bool:
    if facts.link is None or facts.hubspot is None or not isinstance(facts.link.salesforce, Ref):
        return False
    look = ruleset.mappings[facts.link.salesforce.object].hubspot_forms[LIFECYCLE_STAGE]
    return (
        view(facts.hubspot, {LIFECYCLE_STAGE: look}, facts.link, ruleset.fingerprinter)
        .states[LIFECYCLE_STAGE]
        .changed
        is True
    )

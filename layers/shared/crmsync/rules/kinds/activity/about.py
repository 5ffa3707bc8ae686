"""Whom and what the two records of a pair are about, so that they compare, and what a change of it
means for HubSpot's associations (ACT-5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT, WHAT_ID, WHO_ID
from crmsync.model.effects import Associate, Dissociate, Effect, UpdateRecord
from crmsync.model.kinds.activities import About
from crmsync.model.plan import Plan
from crmsync.model.records import Record, Ref, Side, Value
from crmsync.rules.kinds.activity.relations import about_in_salesforce, associations_in_hubspot
from crmsync.rules.kinds.activity.ruleset import ABOUT, WHAT, WHO, with_about
from crmsync.rules.pair.matching import PREFIXES

_BECAUSE = ("ACT-5",)


def named_in_salesforce(value: Value) -> Ref | None:
    """The record that an id of Salesforce names; None for a blank one, and for an object that
    crmsync does not know (docs/vendors.md#salesforce-objects).
    """
    name = PREFIXES.get(str(value or "")[:3])
    return Ref(Side.SALESFORCE, name, str(value)) if name else None


def about_of(task: Record) -> About:
    """Whom and what a task or event is about, as far as crmsync knows the objects."""
    return About(
        named_in_salesforce(task.fields.get(WHO_ID)), named_in_salesforce(task.fields.get(WHAT_ID))
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """The two records of a pair as they compare.

    Attributes:
        activity: The HubSpot activity, with whom and what it is about as ids of Salesforce.
        task: The task or event.
        overruled: `WHO` and `WHAT`, where the task or event names what cannot cross to HubSpot and
            has to give way to HubSpot's all the same -> the id there.
    """

    activity: Record
    task: Record
    overruled: Mapping[str, Value]


def comparable(
    activity: Record,
    task: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    *,
    keeps_strangers: bool,
    has_moved: Callable[[Record, str], bool],
) -> Compared:
    """The HubSpot activity and its task or event as they compare in whom and what they are about.

    What the task is about already stays as long as it is as good as any other. A contact that
    nobody is linked with yet is taken for the conversion of the lead, whose link follows. Someone
    or something without a counterpart cannot cross to HubSpot and stays, so the task shows what
    HubSpot does: always where HubSpot has nobody to put in its place, otherwise where
    `keeps_strangers`, until somebody changes it in HubSpot. Beside a lead it cannot stay.

    Args:
        activity: The HubSpot activity.
        task: Its task or event.
        associated: The contacts, companies and deals of the activity.
        across: Record -> the record that it is linked with, of either side.
        keeps_strangers: Whether changes cross to HubSpot.
        has_moved: Whether the activity shows something new in `WHO` or `WHAT`.
    """
    present = about_of(task)
    shown = with_about(activity, about_in_salesforce(associated, across, present))
    if _is_converted(present.who, shown, across):
        taken = {name: task.fields.get(field) for name, field in ABOUT.items()}
        return Compared(replace(shown, fields={**shown.fields, **taken}), task, {})
    theirs, overruled = dict(task.fields), dict[str, Value]()
    for name, there in ((WHO, present.who), (WHAT, present.what)):
        mine, value = shown.fields[name], task.fields.get(ABOUT[name])
        if not value or there in across:
            continue
        moves_to_lead = name == WHAT and _is_lead(shown.fields[WHO]) and has_moved(shown, WHO)
        if moves_to_lead or (mine and has_moved(shown, name)):
            overruled[name] = value
        elif keeps_strangers or not mine:
            theirs[ABOUT[name]] = mine
    return Compared(shown, replace(task, fields=theirs), overruled)


def _is_converted(who: Ref | None, shown: Record, across: Mapping[Ref, Ref]) -> bool:
    """Whether a task names a contact whose link is still that of the lead."""
    is_unknown = who is not None and who.object == SALESFORCE_CONTACT and who not in across
    return is_unknown and _is_lead(shown.fields[WHO])


def _is_lead(value: Value) -> bool:
    named = named_in_salesforce(value)
    return named is not None and named.object == LEAD


def with_associations(
    plan: Plan, activity: Record, associated: Collection[Ref], across: Mapping[Ref, Ref]
) -> Plan:
    """The plan with associations in place of what HubSpot has no property for.

    Args:
        plan: The plan of the pair.
        activity: The HubSpot activity as it was compared.
        associated: Its contacts, companies and deals.
        across: Record -> the record that it is linked with, of either side.
    """
    effects: list[Effect] = []
    for effect in plan.effects:
        if isinstance(effect, UpdateRecord) and not ABOUT.keys().isdisjoint(effect.fields):
            effects += _associations(effect, activity, associated, across)
            kept = {name: one for name, one in effect.fields.items() if name not in ABOUT}
            effects.append(replace(effect, fields=kept))
        else:
            effects.append(effect)
    return replace(plan, effects=tuple(effects))


def _associations(
    effect: UpdateRecord, activity: Record, associated: Collection[Ref], across: Mapping[Ref, Ref]
) -> list[Effect]:
    before = {name: named_in_salesforce(activity.fields.get(name)) for name in ABOUT}
    after = before | {
        name: named_in_salesforce(effect.fields[name]) for name in ABOUT if name in effect.fields
    }
    agreed = [across[one] for one in before.values() if one and one in across]
    added, removed = associations_in_hubspot(
        About(after[WHO], after[WHAT]), across, associated, agreed
    )
    return [
        *(Associate(activity.ref, one, because=_BECAUSE) for one in added),
        *(Dissociate(activity.ref, one, _BECAUSE) for one in removed),
    ]

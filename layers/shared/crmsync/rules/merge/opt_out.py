"""E-mail opt-out (OPT-1 to OPT-6): fixed, sticky, and withdrawn by nobody but the contact.

No setting reaches this module (OPT-2), and no function in it can return "subscribe in HubSpot":
that decision does not exist. An opt-out that was only requested from HubSpot does not count: "was
out" means that a read of HubSpot has shown it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from crmsync.model.crm_names import HUBSPOT_EMAIL, HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT
from crmsync.model.records import Origin, Side
from crmsync.rules.fields.values import is_blank
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.policies import MergePart


@dataclass(frozen=True, slots=True)
class OptOutDecision:
    """What becomes of the opt-out of a pair.

    Attributes:
        unsubscribe_in_hubspot: Whether to unsubscribe the person in HubSpot.
        salesforce_box: The value to write to the Salesforce checkbox, None to leave it.
        because: The rule, "" where nothing is done.
        asks_who: Whether it depends on who withdrew the opt-out, which only the property's history
            shows: decide again with the history.
        waits: Whether HubSpot shows the opt-out that was requested for an address which itself
            waits for another contact's, or for the operator. It is not agreed on as long as the
            address is not, otherwise it would be requested without end.
    """

    unsubscribe_in_hubspot: bool = False
    salesforce_box: bool | None = None
    because: str = ""
    asks_who: bool = False
    waits: bool = False


NO_CHANGE = OptOutDecision()


@dataclass(frozen=True, slots=True)
class OptOutPart(MergePart):
    """What the e-mail opt-out contributes to the merge of a pair.

    Attributes:
        decision: What becomes of the opt-out.
    """

    decision: OptOutDecision = NO_CHANGE


NOT_THE_CONTACTS = frozenset(
    {
        *("CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_ANDROID", "MOBILE_IOS"),  # a user of HubSpot
        *("IMPORT", "BATCH_UPDATE"),
        *("INTEGRATION", "INTEGRATIONS_PLATFORM", "INTEGRATIONS_SYNC", "SALESFORCE"),  # an app
        *("AUTOMATION_JOURNEY", "AUTOMATION_PLATFORM"),  # a workflow
        *("MERGE_CONTACTS", "MERGE_OBJECTS"),
    }
)
"""Sources of a property's value, from HubSpot's list, that are not the contact itself. The source
of an act of the contact is not documented, so any other source, or none, counts as the contact's
own act (decision 0032).
"""


def is_own_act(origin: Origin | None) -> bool:
    """Whether the contact itself set the property, as far as its history shows."""
    return origin is None or not (origin.by_user or origin.by.partition("/")[0] in NOT_THE_CONTACTS)


def merge_opt_out(
    hubspot: SideView,
    salesforce: SideView,
    fields: MergePart,
    *,
    shared: bool,
    held: Collection[Side] = (),
) -> OptOutPart:
    """Decide the opt-out beside what is decided about the mapped `fields`, the address among them;
    `shared` is as in `decide_opt_out`. On the sides in `held` a limit keeps the new address back
    (Q-30): HubSpot is asked about an address when it gets it, not while that waits.

    Unsubscribing the person in HubSpot is not a write of a field: the plan makes it a call of its
    own.
    """
    mine, box = hubspot.state(HUBSPOT_OPT_OUT), salesforce.state(SALESFORCE_OPT_OUT)
    origins = hubspot.record.origins
    out = bool(mine.canonical)
    email = hubspot.states.get(HUBSPOT_EMAIL)
    is_new = bool(email and email.changed)
    # An opt-out that HubSpot shows beside no address needs no request: there is no new address.
    shown = hubspot.record.fields.get(HUBSPOT_EMAIL)
    is_settled = out and is_blank(fields.to_hubspot.get(HUBSPOT_EMAIL, shown))
    is_coming = HUBSPOT_EMAIL in fields.to_hubspot and Side.HUBSPOT not in held
    is_blocked = Side.SALESFORCE in held or any(
        rule.hubspot == HUBSPOT_EMAIL for rule in fields.incompatible
    )
    waits = is_new and is_blocked and out and mine.changed is None
    decision = decide_opt_out(
        hubspot_out=out,
        salesforce_out=bool(box.canonical),
        was_out_in_hubspot=None if mine.changed is None else out != mine.changed,
        box_changed=bool(box.changed),
        address_changed=not is_settled and (is_coming or (is_new and not waits)),
        shared=shared,
        own_act=is_own_act(origins.get(HUBSPOT_OPT_OUT)) if origins else None,
    )
    decision = replace(decision, waits=True) if waits else decision
    if decision.salesforce_box is None:
        return OptOutPart(undecided=decision.asks_who, decision=decision)
    return OptOutPart(
        to_salesforce={SALESFORCE_OPT_OUT: decision.salesforce_box},
        because_salesforce=(decision.because,),
        undecided=decision.asks_who,
        decision=decision,
    )


def decide_opt_out(
    *,
    hubspot_out: bool,
    salesforce_out: bool,
    was_out_in_hubspot: bool | None,
    box_changed: bool,
    address_changed: bool = False,
    shared: bool = False,
    own_act: bool | None = True,
) -> OptOutDecision:
    """Decide the pair.

    - At the first sync, opted out wins (OPT-7, Q-12).
    - Clearing the box in Salesforce does not resubscribe: it is ticked again (OPT-5, Q-10).
    - If HubSpot goes from out to in, the box is cleared if that was the contact's own act (OPT-6,
      Q-11). A user, an app, an import or a workflow can withdraw an opt-out that came from
      Salesforce; that is not the contact's wish, and the opt-out is sent again (OPT-6).
    - HubSpot keeps the status by address (PLT-4). A new address is subscribed without anybody's
      act, so a person who was out is opted out under the new address too.
    - In an org that HubSpot accounts share, the box speaks for all of them (TEN-1). A person who
      resubscribes in one account is subscribed there, and the box stays ticked. If it were cleared,
      an account in which the person is still out would tick it again and so undo the person's act.

    Args:
        hubspot_out: Whether HubSpot shows the opt-out now.
        salesforce_out: Whether Salesforce's box is ticked now.
        was_out_in_hubspot: The base: whether HubSpot showed the opt-out when it was last read. None
            before the first sync, and from our request of an opt-out until HubSpot shows it.
        box_changed: Whether Salesforce's box has changed since the last sync.
        address_changed: Whether the person has got another address since.
        shared: Whether several HubSpot accounts share the org.
        own_act: Whether HubSpot's present value is the contact's own act, None: not known yet.
    """
    if address_changed and (hubspot_out or salesforce_out or was_out_in_hubspot):
        return OptOutDecision(
            unsubscribe_in_hubspot=True,
            salesforce_box=None if salesforce_out else True,
            because="OPT-6",
        )
    if hubspot_out == salesforce_out:
        return NO_CHANGE
    if hubspot_out:
        return OptOutDecision(salesforce_box=True, because="OPT-3" if not box_changed else "OPT-5")
    if was_out_in_hubspot and not box_changed:
        return _withdrawn(own_act=own_act, shared=shared)
    if shared and was_out_in_hubspot is not None and not box_changed:
        return NO_CHANGE
    return OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4")


def _withdrawn(*, own_act: bool | None, shared: bool) -> OptOutDecision:
    """HubSpot no longer shows the opt-out, while Salesforce's box is unchanged."""
    if own_act is None:
        return OptOutDecision(asks_who=True)
    if not own_act:
        return OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-6")
    return NO_CHANGE if shared else OptOutDecision(salesforce_box=False, because="OPT-6")

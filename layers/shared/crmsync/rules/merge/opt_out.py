"""E-mail opt-out (OPT-1 to OPT-6): fixed, sticky, and undone by nobody but the contact.

No setting reaches this module (OPT-2), and no function in it can answer "subscribe in HubSpot":
that verdict does not exist. What HubSpot was only asked for counts for nothing here: "was out" is
what a read of HubSpot has shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.model.crm_names import HUBSPOT_OPT_OUT, SALESFORCE_OPT_OUT
from crmsync.model.records import Origin
from crmsync.rules.merge.baseline import SideView
from crmsync.rules.merge.policies import MergePart


@dataclass(frozen=True, slots=True)
class OptOutDecision:
    """What to do: unsubscribe the person in HubSpot, or set the Salesforce box to a value (None:
    leave it).

    `asks_who` says that it turns on who took the opt-out back, which only the property's history
    tells: decide again with it.
    """

    unsubscribe_in_hubspot: bool = False
    salesforce_box: bool | None = None
    because: str = ""
    asks_who: bool = False


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
"""Sources of a property's value that are somebody else than the contact, of HubSpot's list. Which
one an act of the contact itself has is nowhere documented, so every other source, and none at all,
counts as its own (decision 0032).
"""


def is_own_act(origin: Origin | None) -> bool:
    """Whether the contact itself set the property, as far as its history tells."""
    return origin is None or not (origin.by_user or origin.by.partition("/")[0] in NOT_THE_CONTACTS)


def merge_opt_out(
    hubspot: SideView, salesforce: SideView, *, address_moved: bool, shared: bool
) -> OptOutPart:
    """Decide the opt-out, where it is compared; the arguments are as in `decide_opt_out`.

    That HubSpot is to unsubscribe the person is no write of a field: the plan makes it a call of
    its own.
    """
    if SALESFORCE_OPT_OUT not in salesforce.states:
        return OptOutPart()
    mine, box = hubspot.states[HUBSPOT_OPT_OUT], salesforce.states[SALESFORCE_OPT_OUT]
    origins = hubspot.record.origins
    out = bool(mine.canonical)
    decision = decide_opt_out(
        hubspot_out=out,
        salesforce_out=bool(box.canonical),
        was_out_in_hubspot=None if mine.changed is None else out != mine.changed,
        box_moved=bool(box.changed),
        address_moved=address_moved,
        shared=shared,
        own_act=is_own_act(origins.get(HUBSPOT_OPT_OUT)) if origins else None,
    )
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
    box_moved: bool,
    address_moved: bool = False,
    shared: bool = False,
    own_act: bool | None = True,
) -> OptOutDecision:
    """Decide the pair.

    `was_out_in_hubspot` is the base: what HubSpot showed when it was last read (None before the
    first sync, and from the time that we asked for the opt-out until HubSpot shows it). `box_moved`
    says whether Salesforce's box changed since, `address_moved` whether the person has got another
    address meanwhile. On the first sync opted out wins (OPT-7, Q-12). Un-ticking the box does not
    resubscribe: it is ticked again (OPT-5, Q-10). HubSpot going from out to in clears the box if
    that was the contact's `own_act` (OPT-6, Q-11; None: not known yet). A user, an app, an import
    or a workflow can take back an opt-out that came from Salesforce; that is not the contact's
    wish, and the opt-out is sent again (OPT-6). And HubSpot keeps the status by address (PLT-4): a
    new one looks subscribed without anybody's act, so whoever was out is opted out there too.

    In an org that is `shared` by HubSpot accounts the box speaks for all of them (TEN-1): who comes
    back in one is subscribed there, and the box stays. Cleared, it would be ticked again by an
    account in which the person is still out, and that would undo the person's act.
    """
    if address_moved and (hubspot_out or salesforce_out or was_out_in_hubspot):
        return OptOutDecision(
            unsubscribe_in_hubspot=True,
            salesforce_box=None if salesforce_out else True,
            because="OPT-6",
        )
    if hubspot_out == salesforce_out:
        return NO_CHANGE
    if hubspot_out:
        return OptOutDecision(salesforce_box=True, because="OPT-3" if not box_moved else "OPT-5")
    if was_out_in_hubspot and not box_moved:
        return _taken_back(own_act=own_act, shared=shared)
    if shared and was_out_in_hubspot is not None and not box_moved:
        return NO_CHANGE
    return OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4")


def _taken_back(*, own_act: bool | None, shared: bool) -> OptOutDecision:
    """HubSpot showed the opt-out and shows it no more, while Salesforce's box is as it was."""
    if own_act is None:
        return OptOutDecision(asks_who=True)
    if not own_act:
        return OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-6")
    return NO_CHANGE if shared else OptOutDecision(salesforce_box=False, because="OPT-6")

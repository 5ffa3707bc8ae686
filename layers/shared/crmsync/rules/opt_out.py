"""E-mail opt-out (OPT-1 to OPT-6): fixed, sticky, and undone by nobody but the contact.

No setting reaches this module (OPT-2), and no function in it can answer "subscribe in HubSpot": that verdict does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

HUBSPOT_FIELD = "hs_email_optout"
SALESFORCE_FIELD = "HasOptedOutOfEmail"


@dataclass(frozen=True, slots=True)
class OptOutVerdict:
    """What to do: unsubscribe the person in HubSpot, or set the Salesforce box to a value (None: leave it)."""

    unsubscribe_in_hubspot: bool = False
    salesforce_box: bool | None = None
    because: str = ""


AS_IT_IS = OptOutVerdict()


def decide_opt_out(
    *,
    hubspot_out: bool,
    salesforce_out: bool,
    was_out_in_hubspot: bool | None,
    box_moved: bool,
    address_moved: bool = False,
    shared: bool = False,
) -> OptOutVerdict:
    """Decide the pair.

    `was_out_in_hubspot` is the base (None before the first sync), `box_moved` whether Salesforce's box changed since,
    `address_moved` whether the person has got another address meanwhile. On the first sync opted out wins (OPT-7, Q-12).
    Un-ticking the box does not resubscribe: it is ticked again (OPT-5, Q-10). HubSpot going from out to in is the
    contact's own act, as no API of ours can do it; then the box is cleared (OPT-6, Q-11). But HubSpot keeps the status
    by address (PLT-4): a new one looks subscribed without anybody's act, so whoever was out is opted out there too.

    In an org that is `shared` by HubSpot accounts the box speaks for all of them (TEN-1): who comes back in one is subscribed there, and
    the box stays. Cleared, it would be ticked again by an account in which the person is still out, and that would undo the person's act.
    """
    if address_moved and (hubspot_out or salesforce_out or was_out_in_hubspot):
        return OptOutVerdict(
            unsubscribe_in_hubspot=True, salesforce_box=None if salesforce_out else True, because="OPT-6"
        )
    if hubspot_out == salesforce_out:
        return OptOutVerdict()
    if hubspot_out:
        return OptOutVerdict(salesforce_box=True, because="OPT-3" if not box_moved else "OPT-5")
    if shared and was_out_in_hubspot is not None and not box_moved:
        return OptOutVerdict()
    if was_out_in_hubspot and not box_moved:
        return OptOutVerdict(salesforce_box=False, because="OPT-6")
    return OptOutVerdict(unsubscribe_in_hubspot=True, because="OPT-4")

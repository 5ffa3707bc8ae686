"""What a person does in the portal's pages, or a contact by itself, and no public API offers.

The control URL's ``/person`` with side "hubspot" ends here (docs/local.md#control-it). Each action
is a row of `ACTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from simulators.hubspot.errors import invalid, not_found
from simulators.hubspot.portal import Portal
from simulators.hubspot.preferences import ACCOUNT
from simulators.hubspot.stamps import Actor

OWN_ACT = Actor("EMAIL", "SubscriptionPreferencesPage")
"""A contact's own action on the page that an e-mail links to; the name of this source is [M]."""


class UnknownActionError(ValueError):
    """The action names an unknown portal or an unknown ``do``."""


def _email_events(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    return {"events": portal.mail_events.add(action["events"])}


def _unsubscribe(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    by_user = action.get("by") == "user"
    actor = portal.person if by_user else OWN_ACT
    portal.preferences.set_out_of_all(
        str(action["email"]), actor, is_out=True, by_own_act=not by_user
    )
    return {"email": action["email"], "opted_out": True}


def _resubscribe(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    """The contact itself always may; a user (``"by": "user"``) can undo an opt-out by an app or a
    colleague, but not one by the contact itself.
    """
    by_user = action.get("by") == "user"
    if by_user and portal.preferences.of(str(action["email"])).by_own_act:
        raise invalid(
            "This contact opted out by its own act; only the contact can subscribe again."
        )
    portal.preferences.set_out_of_all(
        str(action["email"]), portal.person if by_user else OWN_ACT, is_out=False
    )
    return {"email": action["email"], "opted_out": False}


def _refuse_opt_out(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    """From now on calls do not opt the address out of a ``brand``, or of the account if that is
    missing; ``"refuse": false`` ends this.
    """
    place = (str(action["email"]).lower(), int(action.get("brand", ACCOUNT)))
    refuse = bool(action.get("refuse", True))
    (portal.preferences.refused.add if refuse else portal.preferences.refused.discard)(place)
    return {"email": action["email"], "refused": refuse}


def _restore(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    writes = portal.of(str(action.get("object", "contacts")))
    ids = [str(record_id) for record_id in action["ids"]]
    for record_id in ids:
        record = writes.table.by_id(record_id)
        if record is None:
            raise not_found()
        portal.restore(str(action.get("object", "contacts")), record, portal.person)
    return {"restored": ids}


def _deactivate_owner(portal: Portal, action: Mapping[str, Any]) -> dict[str, Any]:
    owner = portal.owners.deactivate(str(action["email"]), portal.clock.now_ms())
    return {"owner": owner.id}


def _rotate_token(portal: Portal, _action: Mapping[str, Any]) -> dict[str, Any]:
    """A super admin rotates the app's access token and has the old one expire at once [D]."""
    return {"access_token": portal.rotate_token()}


ACTIONS: Mapping[str, Callable[[Portal, Mapping[str, Any]], dict[str, Any]]] = MappingProxyType(
    {
        "email_events": _email_events,
        "unsubscribe": _unsubscribe,
        "resubscribe": _resubscribe,
        "refuse_opt_out": _refuse_opt_out,
        "restore": _restore,
        "deactivate_owner": _deactivate_owner,
        "rotate_token": _rotate_token,
    }
)


def act(portals: Mapping[int, Portal], action: Mapping[str, Any]) -> dict[str, Any]:
    """Do one action. Raises `UnknownActionError`, and `KeyError` for a missing part."""
    portal = (
        portals.get(int(action["portal_id"]))
        if "portal_id" in action
        else next(iter(portals.values()))
    )
    perform = ACTIONS.get(str(action.get("do")))
    if portal is None or perform is None:
        text = f"unknown portal or action: {action.get('portal_id')!r}, {action.get('do')!r}"
        raise UnknownActionError(text)
    return perform(portal, action)

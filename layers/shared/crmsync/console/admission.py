"""Who may sign in with an account of the company, by what its issuer says of them (decision 64).

Law: pure, and nobody may unless the stack's parameters say so. An e-mail address counts only if the
issuer says that it was verified.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmsync.console.answers import Notice
from crmsync.model.moments import epoch_seconds
from crmsync.wire.printable import flat

SKEW = 120
"""Seconds by which the issuer's clock and ours may differ."""

_VERIFIED = ("email_verified", "xms_edov")
"""Claims that say that an address was verified: the standard's, and Microsoft Entra's."""

_MOST = 200
"""Characters of a name that are kept."""

_WHO_MAY = (
    "ConsoleEmailDomains and ConsoleGroups of the stack say who may; docs/console.md has the rest. "
    "To use another account, sign out of this one first."
)
_AGAIN = "Begin again."


@dataclass(frozen=True, slots=True)
class AllowedAccounts:
    """Who may sign in. Each of the two that is given must be met; with neither nobody may.

    Attributes:
        domains: The domains of e-mail addresses, in small letters.
        groups: The groups of which a person has to be in one.
        claim: The claim that has a person's groups.
    """

    domains: frozenset[str]
    groups: frozenset[str]
    claim: str


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Why somebody does not get in.

    Attributes:
        reason: For the log.
        notice: For the person.
        status: The HTTP status.
    """

    reason: str
    notice: Notice
    status: int = 403


def fault_of(
    claims: Mapping[str, Any], *, client: str, nonce: str, now: datetime
) -> NotAdmitted | None:
    """What is wrong with a token whose signature, issuer and audience are right: whether it is for
    this sign-in, for this client where it is for several, and of this time.
    """
    if claims.get("nonce") != nonce:
        text = "The issuer's token belongs to another sign-in."
        return NotAdmitted("wrong nonce", Notice(text, _AGAIN))
    parties = claims.get("azp", client if _is_single(claims.get("aud")) else None)
    if parties != client:
        text = "The issuer's token is for another application."
        return NotAdmitted("wrong party", Notice(text, _AGAIN))
    made, ends = _number(claims.get("iat")), _number(claims.get("exp"))
    if made is None or ends is None:
        text = "The issuer's token does not say for how long it is valid."
        return NotAdmitted("no times", Notice(text, _AGAIN))
    seconds = epoch_seconds(now)
    ahead = max(made, _number(claims.get("nbf")) or 0) - seconds
    if ahead > SKEW:
        text = f"The issuer's token is made {ahead:,.0f} seconds from now: its clock is ahead."
        return NotAdmitted("clock", Notice(text, "Have the issuer's clock set."))
    if seconds - ends >= SKEW:
        text = f"The issuer's token has been over for {seconds - ends:,.0f} seconds."
        hint = "Begin again. If this stays so, the issuer's clock is behind: have it set."
        return NotAdmitted("expired", Notice(text, hint))
    return None


def refusal_of(claims: Mapping[str, Any], allowed: AllowedAccounts) -> NotAdmitted | None:
    """Why the person may not sign in; None for who may."""
    if not allowed.domains and not allowed.groups:
        text = "No account may open the console: the stack names neither a domain nor a group."
        return NotAdmitted("nobody may", Notice(text, _WHO_MAY))
    name, address = name_of(claims), _address(claims)
    if allowed.domains and not address:
        text = f"The issuer does not say that {name} has an e-mail address that was verified."
        return NotAdmitted("address not verified", Notice(text, _WHO_MAY))
    if allowed.domains and address.rpartition("@")[2].lower() not in allowed.domains:
        text = f"{name} may not open the console: its domain is none of those that may."
        return NotAdmitted("foreign domain", Notice(text, _WHO_MAY))
    if allowed.groups and not allowed.groups & _groups(claims.get(allowed.claim)):
        text = f"{name} may not open the console: the account is in none of the groups that may."
        return NotAdmitted("no group", Notice(text, _WHO_MAY))
    return None


def name_of(claims: Mapping[str, Any]) -> str:
    """What a person is called in the log and beside what they do: the address if it was verified,
    else the issuer's own name for them.
    """
    subject, called = str(claims.get("sub", "")), claims.get("preferred_username")
    name = _address(claims) or (f"{called} ({subject})" if isinstance(called, str) else subject)
    return flat(name)[:_MOST]


def _address(claims: Mapping[str, Any]) -> str:
    """The verified address; "" if there is none."""
    address = claims.get("email")
    if not isinstance(address, str) or address.count("@") != 1:
        return ""
    is_verified = any(claims.get(one) in (True, "true", "1") for one in _VERIFIED)
    return address if is_verified and claims.get("email_verified", True) is not False else ""


def _groups(value: object) -> frozenset[str]:
    """The groups in a claim: a list, or one name."""
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(one for one in given if isinstance(one, str))


def _is_single(audience: object) -> bool:
    return isinstance(audience, str) or (isinstance(audience, list) and len(audience) == 1)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if math.isfinite(value) else None

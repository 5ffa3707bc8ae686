"""The parts of an Event Relay for Salesforce's change events, as data, in the order in which they
can be made.

Salesforce's set-up pages offer no custom channel, so set-up makes one, with the objects whose
changes a connection needs and no others: other listeners of the org keep their own choice. Only
where the settings ask for a relay; connections that share an org share it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

from crmsync.model.crm_names import ACCOUNT, CONTACT_ROLE, LEAD, OPPORTUNITY, SALESFORCE_CONTACT

NAME = "Crmsync"
CHANNEL = f"{NAME}__chn"
CREDENTIAL = f"{NAME}_Event_Relay"

RELAYED = (LEAD, SALESFORCE_CONTACT, ACCOUNT, OPPORTUNITY, CONTACT_ROLE)
"""The objects whose change events are relayed; stages and record types have none."""


@dataclass(frozen=True, slots=True)
class RelayCredential:
    """A named credential for an AWS account and region; it contains no secret."""

    name: str
    endpoint: str

    def __str__(self) -> str:
        """``named credential Crmsync_Event_Relay``."""
        return f"named credential {self.name}"


@dataclass(frozen=True, slots=True)
class RelayChannel:
    """A channel of change events; `name` ends in ``__chn``."""

    name: str

    def __str__(self) -> str:
        """``channel Crmsync__chn``."""
        return f"channel {self.name}"


@dataclass(frozen=True, slots=True)
class RelayMember:
    """The change events of `object` in a channel."""

    channel: str
    object: str

    def __str__(self) -> str:
        """``changes of Lead in Crmsync__chn``."""
        return f"changes of {self.object} in {self.channel}"


@dataclass(frozen=True, slots=True)
class Relay:
    """The relay from a channel to the account of a named credential.

    It is made in the stopped state; a person starts it once AWS has accepted its source.
    """

    name: str
    channel: str
    credential: str

    def __str__(self) -> str:
        """``event relay Crmsync``."""
        return f"event relay {self.name}"


RelayPart: TypeAlias = RelayCredential | RelayChannel | RelayMember | Relay


def relay_parts(address: str, objects: Collection[str]) -> tuple[RelayPart, ...]:
    """The parts of the relay for `objects` to an AWS account (``arn:aws:EU-WEST-1:111122223333``).

    None if the address is "".
    """
    if not address:
        return ()
    members = (RelayMember(CHANNEL, name) for name in RELAYED if name in objects)
    return (
        RelayCredential(CREDENTIAL, address),
        RelayChannel(CHANNEL),
        *members,
        Relay(NAME, CHANNEL, CREDENTIAL),
    )

"""What an Event Relay of Salesforce's change events consists of, as data, in the order in which it
can be made.

Salesforce's forms offer no channel of one's own, so set-up makes one, with the objects that a
connection must hear of and no others: what other listeners of the org have chosen stays theirs.
Only where the settings ask for a relay; connections that share an org share it.
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
"""The objects of whose changes crmsync hears this way; stages and record types have no change
events.
"""


@dataclass(frozen=True, slots=True)
class RelayCredential:
    """A named credential whose address is that of an AWS account and region; it holds no secret."""

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
    """The relay of a channel to the account of a named credential. It is made at rest; a person
    starts it once AWS has taken its source.
    """

    name: str
    channel: str
    credential: str

    def __str__(self) -> str:
        """``event relay Crmsync``."""
        return f"event relay {self.name}"


RelayPart: TypeAlias = RelayCredential | RelayChannel | RelayMember | Relay


def relay_parts(address: str, objects: Collection[str]) -> tuple[RelayPart, ...]:
    """The parts of the relay to the AWS account of that `address`
    (``arn:aws:EU-WEST-1:111122223333``) for `objects`; "" wants none.
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

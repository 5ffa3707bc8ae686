"""HubSpot's ids of its own association types, as data (docs/vendors.md#hubspot-associations and
docs/vendors.md#hubspot-activities).

An association holds in both directions, so that the type of one of the two is enough: the record
that is named first here is the one that is sent first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crmsync.model.crm_names import (
    COMPANY,
    DEAL,
    HUBSPOT_CALL,
    HUBSPOT_CONTACT,
    HUBSPOT_MAIL,
    HUBSPOT_MEETING,
    HUBSPOT_NOTE,
    HUBSPOT_TASK,
)


@dataclass(frozen=True, slots=True)
class AssociationTypes:
    """HubSpot's ids of the association types between two objects.

    Attributes:
        plain: The type of an association without a label.
        primary: The type of a primary association, of which a record of the first object has at
            most one; None if there is no such type.
    """

    plain: int
    primary: int | None = None


_OF_ACTIVITIES = (
    (HUBSPOT_CALL, 194, 182, 206),
    (HUBSPOT_MAIL, 198, 186, 210),
    (HUBSPOT_MEETING, 200, 188, 212),
    (HUBSPOT_NOTE, 202, 190, 214),
    (HUBSPOT_TASK, 204, 192, 216),
)
"""Activity -> its types to a contact, a company and a deal [S]."""

TYPES: Mapping[tuple[str, str], AssociationTypes] = MappingProxyType(
    {
        (HUBSPOT_CONTACT, COMPANY): AssociationTypes(279, 1),  # in the other direction 280 and 2
        (DEAL, COMPANY): AssociationTypes(341, 5),  # 342 and 6
        (DEAL, HUBSPOT_CONTACT): AssociationTypes(3),  # 4
    }
    | {
        (activity, other): AssociationTypes(number)
        for activity, *numbers in _OF_ACTIVITIES
        for other, number in zip((HUBSPOT_CONTACT, COMPANY, DEAL), numbers, strict=True)
    }
)
"""The two objects -> the types between them [M, stable for years]."""

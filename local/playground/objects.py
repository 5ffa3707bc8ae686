"""What the playground shows of each object: its fields, with their labels and kinds.

Law: names only. A field that is shown is a row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

HUBSPOT, SALESFORCE = "hubspot", "salesforce"


@dataclass(frozen=True, slots=True)
class Field:
    """A field in a form.

    Attributes:
        name: Its name in the API.
        label: Its label.
        type: The type of its HTML input, or ``choice``.
    """

    name: str
    label: str
    type: str = "text"


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a CRM.

    Attributes:
        side: hubspot or salesforce.
        name: Its name, as the operator's command takes it.
        plural: Its heading, and in HubSpot its name in paths.
        fields: What is shown; the first of `titles` that have a value name a record.
    """

    side: str
    name: str
    plural: str
    fields: tuple[Field, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What stands on one page.

    Attributes:
        name: Its name in addresses.
        label: Its name in the menu.
        objects: The objects of both sides.
    """

    name: str
    label: str
    objects: tuple[Object, ...]

    def of(self, side: str) -> tuple[Object, ...]:
        """Return the objects of one side."""
        return tuple(one for one in self.objects if one.side == side)


_LEAD = (
    Field("FirstName", "First name"),
    Field("LastName", "Last name"),
    Field("Email", "E-mail", "email"),
    Field("Phone", "Phone", "tel"),
    Field("Title", "Title"),
)
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "contacts",
            "Contacts and leads",
            (
                Object(
                    HUBSPOT,
                    "contact",
                    "contacts",
                    (
                        Field("firstname", "First name"),
                        Field("lastname", "Last name"),
                        Field("email", "E-mail", "email"),
                        Field("phone", "Phone", "tel"),
                        Field("jobtitle", "Job title"),
                        Field("company", "Company name"),
                    ),
                    ("firstname", "lastname"),
                ),
                Object(
                    SALESFORCE,
                    "Lead",
                    "Leads",
                    (*_LEAD, Field("Company", "Company")),
                    ("FirstName", "LastName"),
                ),
                Object(SALESFORCE, "Contact", "Contacts", _LEAD, ("FirstName", "LastName")),
            ),
        ),
        Kind(
            "companies",
            "Companies and accounts",
            (
                Object(
                    HUBSPOT,
                    "company",
                    "companies",
                    (
                        Field("name", "Name"),
                        Field("domain", "Domain"),
                        Field("phone", "Phone", "tel"),
                        Field("city", "City"),
                    ),
                    ("name",),
                ),
                Object(
                    SALESFORCE,
                    "Account",
                    "Accounts",
                    (
                        Field("Name", "Name"),
                        Field("Website", "Website"),
                        Field("Phone", "Phone", "tel"),
                        Field("BillingCity", "City"),
                    ),
                    ("Name",),
                ),
            ),
        ),
        Kind(
            "deals",
            "Deals and opportunities",
            (
                Object(
                    HUBSPOT,
                    "deal",
                    "deals",
                    (
                        Field("dealname", "Name"),
                        Field("amount", "Amount", "number"),
                        Field("dealstage", "Stage", "choice"),
                        Field("closedate", "Close date", "date"),
                    ),
                    ("dealname",),
                ),
                Object(
                    SALESFORCE,
                    "Opportunity",
                    "Opportunities",
                    (
                        Field("Name", "Name"),
                        Field("Amount", "Amount", "number"),
                        Field("StageName", "Stage", "choice"),
                        Field("CloseDate", "Close date", "date"),
                    ),
                    ("Name",),
                ),
            ),
        ),
    )
}
PLACES: Mapping[tuple[str, str], tuple[Kind, Object]] = {
    (one.side, one.name): (kind, one) for kind in KINDS.values() for one in kind.objects
}
"""(side, object) -> where it is shown."""

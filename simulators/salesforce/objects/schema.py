"""The org's schema: which sObjects and fields exist here, and which of them a user sees.

Standard objects come from the tables; what this org adds (custom fields, person accounts, stages)
changes the copy held here. Records and their checks are elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from simulators.faults import Faults
from simulators.salesforce.objects.activities import (
    ACTIVITY_OBJECTS,
    RELATIONS,
    SHARED_FIELDS,
)
from simulators.salesforce.objects.campaigns import CAMPAIGN_OBJECTS
from simulators.salesforce.objects.fields import Field
from simulators.salesforce.objects.people import (
    PEOPLE_OBJECTS,
    PERSON_ACCOUNT_FIELDS,
    PERSON_CONTACT_FIELDS,
)
from simulators.salesforce.objects.sales import SALES_OBJECTS
from simulators.salesforce.objects.setup import SETUP_OBJECTS
from simulators.salesforce.objects.sobject import SObject

Access = Callable[[str, str, str], tuple[bool, bool]]
"""(user id, sObject, field) -> may read, may edit: what the user's permission sets allow."""

SHARED: Final = frozenset({"Account", "Contact", "Lead", "Opportunity", "Campaign"})
"""The sObjects here that have object permissions of their own; contact roles follow Opportunity,
tasks have separate rights [D].
"""

SHOWN_WITH: Final = {"CampaignMember": "Campaign", "CampaignMemberStatus": "Campaign"}
"""sObjects that exist for a user who may read the other one (docs/vendors.md#salesforce-campaigns).
"""


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """What a user may do with the records of an sObject; who owns them (sharing) is not simulated
    [M].
    """

    read: bool = True
    create: bool = True
    edit: bool = True
    delete: bool = True


Objects = Callable[[str, str], ObjectAccess]
"""(user id, sObject) -> what the user's permission sets allow."""


def person_account_name(name: str) -> str:
    """Return a person account's name for a custom field of its contact."""
    return name.removesuffix("__c") + "__pc"


class Schema:
    """All sObjects of one org, and the fields that nobody sees without a grant."""

    def __init__(self, *, person_accounts: bool, shared_activities: bool = False) -> None:
        """Begin with the standard objects; with `person_accounts` their columns exist and a lead
        needs no company [D], with `shared_activities` activities have relation rows
        and a field with all their people [D].
        """
        self.person_accounts = person_accounts
        known = (
            *(*PEOPLE_OBJECTS, *SALES_OBJECTS),
            *(*ACTIVITY_OBJECTS, *CAMPAIGN_OBJECTS, *SETUP_OBJECTS),
        )
        self.objects: dict[str, SObject] = {
            item.name.lower(): item if shared_activities else item.without(SHARED_FIELDS)
            for item in known
            if shared_activities or item.name not in RELATIONS
        }
        self.changed_ms: dict[str, int] = {}
        self.guarded: set[tuple[str, str]] = set()
        self.integration_user = ""
        if person_accounts:
            self._extend("Account", PERSON_ACCOUNT_FIELDS)
            self._extend("Contact", PERSON_CONTACT_FIELDS)
            self.replace_field("Lead", "Company", nillable=True)

    def get(self, name: str) -> SObject | None:
        """Return the sObject with this name in any case."""
        return self.objects.get(name.lower())

    def homes(self, owner: str) -> list[str]:
        """Return the sObjects that show the custom fields of `owner`: those of Activity appear on
        Task [D].
        """
        return [
            item.name
            for item in self.objects.values()
            if owner in {item.name, item.custom_fields_on}
        ]

    def places(self, owner: str, field: Field) -> list[tuple[str, Field]]:
        """Return where a custom field of `owner` appears, and in which form: one of Contact also on
        person accounts, as ``__pc`` [D].
        """
        shown = [(home, field) for home in self.homes(owner)]
        if owner == "Contact" and self.person_accounts:
            relationship = field.relationship and field.relationship.removesuffix("__r") + "__pr"
            mine = replace(
                field,
                name=person_account_name(field.name),
                relationship=relationship,
                children=None,
            )
            shown.append(("Account", mine))
        return shown

    def add_field(self, sobject: str, field: Field, *, guarded: bool, now_ms: int) -> None:
        """Add a custom field; a `guarded` one is hidden until a permission set grants it."""
        self._extend(sobject, (field,))
        self.changed_ms[sobject] = now_ms
        if guarded:
            self.guarded.add((sobject, field.name))

    def remove_field(self, sobject: str, name: str, *, now_ms: int) -> None:
        """Remove a custom field."""
        kept = self.objects[sobject.lower()]
        self.objects[sobject.lower()] = replace(
            kept, fields=tuple(field for field in kept.fields if field.name != name)
        )
        self.guarded.discard((sobject, name))
        self.changed_ms[sobject] = now_ms

    def replace_field(self, sobject: str, name: str, **changes: object) -> None:
        """Change properties of an existing field."""
        kept = self.objects[sobject.lower()]
        fields = tuple(
            replace(field, **changes) if field.name == name else field  # type: ignore[arg-type]
            for field in kept.fields
        )
        self.objects[sobject.lower()] = replace(kept, fields=fields)

    def children(self, parent: str) -> list[tuple[SObject, Field]]:
        """Return the reference fields that point to `parent`."""
        return [
            (item, field)
            for item in self.objects.values()
            for field in item.fields
            if parent in field.reference_to
        ]

    def _extend(self, sobject: str, fields: Iterable[Field]) -> None:
        kept = self.objects[sobject.lower()]
        self.objects[sobject.lower()] = replace(kept, fields=(*kept.fields, *fields))


class View:
    """The schema as one user sees it during one request."""

    def __init__(
        self,
        schema: Schema,
        user_id: str,
        access: Access,
        objects: Objects,
        faults: Faults,
        *,
        tooling: bool = False,
    ) -> None:
        """View `schema` as `user_id`; `tooling` adds what only the Tooling API shows."""
        self._schema = schema
        self._user_id = user_id
        self._access = access
        self._objects = objects
        self._faults = faults
        self._tooling = tooling
        self._seen: dict[str, dict[str, Field]] = {}

    def sobject(self, name: str) -> SObject | None:
        """Return the sObject with this name if this API shows it."""
        found = self._schema.get(name)
        return (
            self._allowed(found)
            if found is not None and (self._tooling or not found.tooling)
            else None
        )

    def sobjects(self) -> list[SObject]:
        """Return all sObjects that this API shows."""
        shown = (
            item for item in self._schema.objects.values() if self._tooling or not item.tooling
        )
        return [item for item in map(self._allowed, shown) if item is not None]

    def fields(self, sobject: SObject) -> dict[str, Field]:
        """Return the visible fields by lowercase name."""
        known = self._seen.get(sobject.name)
        if known is None:
            known = self._seen[sobject.name] = self._look(sobject)
        return known

    def field(self, sobject: SObject, name: str) -> Field | None:
        """Return the visible field with this name in any case."""
        return self.fields(sobject).get(name.lower())

    def children(self, parent: SObject, relationship: str) -> tuple[SObject, Field] | None:
        """Return the child sObject and its reference field of a child relationship of `parent`."""
        wanted = relationship.lower()
        for item, field in self._schema.children(parent.name):
            if (field.children or "").lower() == wanted:
                return item, field
        return None

    def child_references(self, parent: SObject) -> list[tuple[SObject, Field]]:
        """Return the reference fields that point to `parent`, for describe."""
        return [
            (item, field)
            for item, field in self._schema.children(parent.name)
            if self._tooling or not item.tooling
        ]

    def loses_fields(self, sobject: SObject) -> bool:
        """Return whether the fault `field_removed` or, for this user, `field_hidden` is in force
        for this object.
        """
        return any(
            self._faults.take("salesforce", kind, object=sobject.name)
            for kind in self._hiding_faults()
        )

    def _hiding_faults(self) -> tuple[str, ...]:
        """Return the faults that hide a field from this user: a hidden field exists for others and
        for set-up [D].
        """
        hidden = self._user_id == self._schema.integration_user and not self._tooling
        return ("field_removed", "field_hidden") if hidden else ("field_removed",)

    def changed_ms(self, sobject: SObject) -> int:
        """Return when the schema of this object last changed."""
        return self._schema.changed_ms.get(sobject.name, _STANDARD_CHANGED_MS)

    def _allowed(self, sobject: SObject) -> SObject | None:
        """Return the sObject with this user's rights to its records; one that the user may not read
        does not exist for the user [D].
        """
        if sobject.name in SHOWN_WITH:
            shown = self._objects(self._user_id, SHOWN_WITH[sobject.name]).read
            return sobject if shown else None
        if sobject.name not in SHARED:
            return sobject
        access = self._objects(self._user_id, sobject.name)
        if access == ObjectAccess():
            return sobject
        may = replace(
            sobject, createable=access.create, updateable=access.edit, deletable=access.delete
        )
        return may if access.read else None

    def _look(self, sobject: SObject) -> dict[str, Field]:
        gone = self.loses_fields(sobject)
        visible = {}
        for field in sobject.fields:
            if gone and any(
                self._faults.take("salesforce", kind, object=sobject.name, field=field.name)
                for kind in self._hiding_faults()
            ):
                continue
            if (sobject.name, field.name) in self._schema.guarded:
                may_read, may_edit = self._access(self._user_id, sobject.name, field.name)
                if not may_read:
                    continue
                visible[field.name.lower()] = (
                    field if may_edit else replace(field, createable=False, updateable=False)
                )
            else:
                visible[field.name.lower()] = field
        return visible


_STANDARD_CHANGED_MS: Final = 1_577_836_800_000
"""When the standard schema last changed, for ``If-Modified-Since``: an arbitrary moment long
ago.
"""

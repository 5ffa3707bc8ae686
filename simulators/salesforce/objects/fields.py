"""What a field is, and short ways to write fields down in the tables of objects.

Law: descriptions only, no values and no checks. The terms are those of the describe call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Row = dict[str, Any]
"""One stored record: field name -> value. Times are ints, dates ISO texts, ids have 18 characters;
an absent key is null.
"""

FieldType = Literal[
    "id", "string", "textarea", "email", "phone", "url", "boolean", "int", "double", "currency",
    "percent", "date", "datetime", "picklist", "multipicklist", "reference", "address", "combobox",
    "encryptedstring", "complexvalue",
]  # fmt: skip

TEXTUAL: Final = frozenset(
    {
        "string",
        "textarea",
        "email",
        "phone",
        "url",
        "picklist",
        "multipicklist",
        "combobox",
        "encryptedstring",
    }
)
NUMERIC: Final = frozenset({"int", "double", "currency", "percent"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist."""

    value: str
    label: str
    active: bool = True
    default: bool = False
    valid_for: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field as describe shows it. `compound` is the compound field to which it belongs, `part`
    its name there.

    Change events write ``Name.FirstName`` for compound ``Name``, part ``FirstName``.
    """

    name: str
    type: FieldType
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Any = None
    calculated: bool = False
    custom: bool = False
    name_field: bool = False
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    restricted: bool = False
    choices: tuple[Choice, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    children: str | None = None
    cascade: bool = False
    compound: str | None = None
    part: str | None = None
    in_events: bool = True
    help_text: str | None = None

    @property
    def indexed(self) -> bool:
        """Whether an index answers equality on this field."""
        return (
            self.unique or self.external_id or self.id_lookup or self.type in {"reference", "email"}
        )

    @property
    def required(self) -> bool:
        """Whether a create must give a value."""
        return (
            self.createable and not self.nillable and not self.defaulted and self.type != "boolean"
        )


def read_only(field: Field) -> Field:
    """Return the same field, written by the org alone."""
    return replace(field, createable=False, updateable=False)


def required(field: Field) -> Field:
    """Return the same field, which must have a value."""
    return replace(field, nillable=False)


def text(name: str, label: str, length: int = 255, **more: Any) -> Field:
    """A text of one line with at most `length` characters."""
    return Field(name, "string", label, length, **more)


def area(name: str, label: str, length: int = 32_000, **more: Any) -> Field:
    """A long text."""
    return Field(name, "textarea", label, length, **more)


def email(name: str, label: str, **more: Any) -> Field:
    """An e-mail address: 80 characters [D], usable for lookups."""
    return Field(name, "email", label, 80, **more)


def phone(name: str, label: str, **more: Any) -> Field:
    """A telephone number, kept as typed."""
    return Field(name, "phone", label, 40, **more)


def url(name: str, label: str) -> Field:
    """A web address."""
    return Field(name, "url", label, 255)


def flag(name: str, label: str, *, default: bool = False, **more: Any) -> Field:
    """A checkbox: never null, `default` if a create gives no value."""
    return Field(name, "boolean", label, nillable=False, defaulted=True, default=default, **more)


def number(
    name: str,
    label: str,
    kind: FieldType = "double",
    precision: int = 18,
    scale: int = 2,
    **more: Any,
) -> Field:
    """A number with at most `precision` digits, `scale` of them after the decimal point."""
    return Field(name, kind, label, precision=precision, scale=scale, **more)


def day(name: str, label: str, **more: Any) -> Field:
    """A date without time."""
    return Field(name, "date", label, **more)


def instant(name: str, label: str, **more: Any) -> Field:
    """A date and time."""
    return Field(name, "datetime", label, **more)


def picklist(name: str, label: str, *values: str, default: str | None = None, **more: Any) -> Field:
    """A picklist of these values; not restricted by default, like an org's standard
    picklists [M].
    """
    choices = tuple(Choice(value, value, default=value == default) for value in values)
    if default is not None:
        more = {"default": default, "defaulted": True, **more}
    return Field(name, "picklist", label, 255, choices=choices, **more)


def lookup(name: str, label: str, *targets: str, children: str | None = None, **more: Any) -> Field:
    """A reference to a record of one of `targets`; `children` names the reverse relationship of the
    parent.
    """
    relationship = name.removesuffix("Id") if name.endswith("Id") else name.replace("__c", "__r")
    return Field(
        name,
        "reference",
        label,
        18,
        reference_to=targets,
        relationship=relationship,
        children=children,
        **more,
    )


def address(name: str, label: str) -> tuple[Field, ...]:
    """A compound address and its parts [D]: ``MailingAddress`` with ``MailingStreet``,
    ``MailingCity`` and so on.
    """
    prefix = name.removesuffix("Address")
    spoken = f"{label} " if label else ""
    whole = read_only(Field(name, "address", f"{spoken}Address"))
    return (
        Field(f"{prefix}Street", "textarea", f"{spoken}Street", 255, compound=name, part="Street"),
        *(
            Field(f"{prefix}{part}", "string", f"{spoken}{title}", length, compound=name, part=part)
            for part, title, length in _ADDRESS_PARTS
        ),
        whole,
    )


_ADDRESS_PARTS: Final = (
    ("City", "City", 40),
    ("State", "State/Province", 80),
    ("PostalCode", "Zip/Postal Code", 20),
    ("Country", "Country", 80),
)


def person_name(
    *, last_required: bool = True, label: str = "Full Name", part_of_events: bool = True
) -> tuple[Field, ...]:
    """The compound ``Name`` of a person with its parts [D]: last name 80, first name 40
    characters.
    """
    last = text(
        "LastName", "Last Name", 80, compound="Name", part="LastName", nillable=not last_required
    )
    first = text("FirstName", "First Name", 40, compound="Name", part="FirstName")
    greeting = replace(
        picklist("Salutation", "Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."),
        length=40,
        compound="Name",
        part="Salutation",
    )
    whole = read_only(
        text("Name", label, 121, name_field=True, nillable=False, in_events=not part_of_events)
    )
    return (last, first, greeting, whole)


def system_fields(*, deletable: bool = True) -> tuple[Field, ...]:
    """The fields every record has; the org alone writes them [D]."""
    fields = (
        Field(
            "Id",
            "id",
            "Record ID",
            18,
            nillable=False,
            defaulted=True,
            id_lookup=True,
            in_events=False,
        ),
        *((flag("IsDeleted", "Deleted", in_events=False),) if deletable else ()),
        instant("CreatedDate", "Created Date", nillable=False, defaulted=True),
        lookup("CreatedById", "Created By ID", "User", nillable=False, defaulted=True),
        instant("LastModifiedDate", "Last Modified Date", nillable=False, defaulted=True),
        lookup("LastModifiedById", "Last Modified By ID", "User", nillable=False, defaulted=True),
        instant(
            "SystemModstamp", "System Modstamp", nillable=False, defaulted=True, in_events=False
        ),
    )
    return tuple(read_only(field) for field in fields)

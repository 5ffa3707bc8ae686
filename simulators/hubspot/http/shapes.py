"""The shapes of request bodies, as far as HubSpot's own parser checks them: a body that does not
fit never reaches an endpoint.

Names are the API's. Unknown parts are ignored; the values of properties are checked later against
their definitions. The endpoint that needs a missing part refuses it.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Key = str | int
"""An id: callers send texts and numbers."""
Cursor = Annotated[str, Field(pattern=r"^\d*$")] | Annotated[int, Field(ge=0)]
Number = Annotated[str, Field(pattern=r"^\d+$")] | int


class Shape(BaseModel):
    """A part of a body."""

    model_config = ConfigDict(extra="allow")


class Ref(Shape):
    """A record."""

    id: Key | None = None


class Spec(Shape):
    """An association type."""

    associationCategory: str  # noqa: N815 - the API's name
    associationTypeId: Number  # noqa: N815 - the API's name


class Link(Shape):
    """An association of a create input."""

    to: Ref
    types: list[Spec]


class Write(Shape):
    """A single write, and an input of a batch of writes."""

    id: Key | None = None
    idProperty: str | None = None  # noqa: N815 - the API's name
    objectWriteTraceId: Key | None = None  # noqa: N815 - the API's name
    properties: dict[str, Any] | None = None
    associations: list[Link] | None = None


class Writes(Shape):
    """A batch of writes."""

    inputs: list[Write]


class Reads(Shape):
    """A batch read of records."""

    inputs: list[Ref]
    properties: list[str] | None = None
    propertiesWithHistory: list[str] | None = None  # noqa: N815 - the API's name
    idProperty: str | None = None  # noqa: N815 - the API's name


class Filter(Shape):
    """A filter of a search."""

    propertyName: str  # noqa: N815 - the API's name
    operator: str
    values: list[str | int | float] | None = None


class FilterGroup(Shape):
    """Filters that hold together."""

    filters: list[Filter]


class Sort(Shape):
    """A sort of a search in its long form."""

    propertyName: str  # noqa: N815 - the API's name
    direction: str | None = None


class Search(Shape):
    """A search of records."""

    filterGroups: list[FilterGroup] | None = None  # noqa: N815 - the API's name
    sorts: list[str | Sort] | None = None
    properties: list[str] | None = None
    query: str | None = None
    limit: int | None = None
    after: Cursor | None = None


class AssociationInput(Shape):
    """An input of an association batch."""

    id: Key | None = None
    after: Cursor | None = None
    types: list[Spec] | None = None
    to: Ref | list[Ref] | None = None


class AssociationArchive(Shape):
    """An input of an association batch that archives: several records at the other end."""

    to: list[Ref]


class AssociationInputs(Shape):
    """A batch of associations."""

    inputs: list[AssociationInput]


class AssociationArchives(Shape):
    """A batch of associations to archive."""

    inputs: list[AssociationArchive]


class Label(Shape):
    """A label of an association."""

    label: str
    inverseLabel: str | None = None  # noqa: N815 - the API's name
    associationTypeId: Number | None = None  # noqa: N815 - the API's name


class OptionInput(Shape):
    """An option of an enumeration."""

    value: Key
    displayOrder: int | None = None  # noqa: N815 - the API's name


class Definition(Shape):
    """A property definition."""

    name: str | None = None
    label: str | None = None
    type: str | None = None
    fieldType: str | None = None  # noqa: N815 - the API's name
    groupName: str | None = None  # noqa: N815 - the API's name
    options: list[OptionInput] | None = None
    displayOrder: int = -1  # noqa: N815 - the API's name


class Definitions(Shape):
    """A batch of property definitions or names."""

    inputs: list[Definition]


class Branch(Shape):
    """A filter branch of a list."""

    filterBranches: list[Branch] | None = None  # noqa: N815 - the API's name
    filters: list[dict[str, Any]] | None = None


class RecordList(Shape):
    """A list, or its filters."""

    name: str | None = None
    objectTypeId: str | None = None  # noqa: N815 - the API's name
    processingType: str | None = None  # noqa: N815 - the API's name
    filterBranch: Branch | None = None  # noqa: N815 - the API's name


class ListSearch(Shape):
    """A search of lists."""

    query: str | None = None
    listIds: list[str] | None = None  # noqa: N815 - the API's name
    processingTypes: list[str] | None = None  # noqa: N815 - the API's name
    offset: Annotated[int, Field(ge=0)] | None = None
    count: int | None = None


class Stage(Shape):
    """A stage of a pipeline."""

    label: str | None = None
    displayOrder: int = 0  # noqa: N815 - the API's name
    metadata: dict[str, Any] | None = None


class Pipeline(Stage):
    """A pipeline."""

    stages: list[Stage] | None = None

"""Set-up and check of one connection: the right account and org, with all that crmsync needs.

That is the edition, the rights for what is switched on, and our own properties and fields. Both
sides are read first and only what is missing is made, so a second run changes nothing. A part that
exists but cannot be used is reported and never altered: it may be somebody else's. When one side
does not answer, the other is set up all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from crmsync.errors import Gone, SyncError
from crmsync.flows.setup.mapped_fields import FieldSource, PropertySource
from crmsync.flows.setup.steps import SetupStep, StepState, text_of
from crmsync.model.concerns import ACTIVITIES, mail_kinds_of, watched_of
from crmsync.model.crm_names import CAMPAIGN_MEMBER
from crmsync.model.kinds.activities import HUBSPOT_OBJECTS, SALESFORCE_OBJECTS
from crmsync.model.records import Kind, Side
from crmsync.model.settings import Connection
from crmsync.rules.campaigns import reads_campaigns
from crmsync.rules.settings.activity_fields import (
    hubspot_activity_parts,
    salesforce_activity_parts,
)
from crmsync.rules.settings.licences import (
    API_INTEGRATION,
    Licences,
    has_api_integration,
    needs_api_integration,
)
from crmsync.rules.settings.own_fields import HUBSPOT_PARTS, needed, salesforce_parts
from crmsync.rules.settings.prerequisites import NO_API, WITHOUT_API, Org, objection_to
from crmsync.rules.settings.relay_parts import relay_parts
from crmsync.rules.settings.rights import lacking, mapped_rules
from crmsync.rules.settings.scopes import App, missing_scopes, strange_app
from crmsync.rules.settings.set_up_parts import Part


class Schema(Protocol):
    """Our own properties and fields on one side."""

    def inspect(self, parts: Sequence[Part]) -> Mapping[Part, str]:
        """The parts that exist, each with what is wrong about it ("" = nothing).

        Raises `SyncError`.
        """

    def make(self, part: Part) -> str:
        """Make a part; answers in what it falls short of the wish ("" = in nothing).

        A part that somebody made meanwhile counts as made. Raises `SyncError`.
        """


class HubspotSide(Schema, PropertySource, Protocol):
    """The HubSpot side of the set-up."""

    def portal_id(self) -> int:
        """The account that the token belongs to. Raises `SyncError`."""

    def app(self) -> App:
        """The app that the token belongs to, and its scopes. Raises `SyncError`."""


class SalesforceSide(Schema, FieldSource, Protocol):
    """The Salesforce side of the set-up."""

    def org(self) -> Org:
        """The org that the secret leads to, also the administrator's. Raises `SyncError`."""

    def licences(self) -> Licences:
        """The licences of the integration user. Raises `SyncError`."""

    def give_licence(self, label: str) -> None:
        """Assign a permission set licence to the integration user. Raises `SyncError`."""


_NO_LICENCE = (
    "Without it Salesforce refuses the integration user every right to an object (PERM-1): "
    "the user's page in Setup, Permission Set License Assignments, or crmsync setup "
    "--as-admin gives it."
)


def set_up(
    connection: Connection, hubspot: HubspotSide, salesforce: SalesforceSide, *, apply: bool
) -> list[SetupStep]:
    """Check both sides, and make what is missing with `apply`; otherwise say what would be made.

    The parts are those of the objects that are switched on: without companies, for example, no
    company property is made (SET-4).
    """
    activities, portal_id = connection.activities, connection.hubspot.portal_id
    hubspot_parts = (
        *needed(HUBSPOT_PARTS, _objects(connection, Side.HUBSPOT)),
        *hubspot_activity_parts({HUBSPOT_OBJECTS[kind] for kind in activities.on}),
    )
    watched = _objects(connection, Side.SALESFORCE)
    org_parts = (
        *needed(salesforce_parts(portal_id), watched),
        *salesforce_activity_parts(portal_id, {SALESFORCE_OBJECTS[kind] for kind in activities.on}),
        *relay_parts(connection.salesforce.event_relay, watched),
    )
    checks = (
        (_hubspot_check(connection, hubspot), hubspot, hubspot_parts),
        (_salesforce_check(connection, salesforce, apply=apply), salesforce, org_parts),
    )
    return [
        SetupStep(connection.name, check.side, *result)
        for check, schema, parts in checks
        for result in _set_up_side(check, schema, parts, apply=apply)
    ]


def _objects(connection: Connection, side: Side) -> frozenset[str]:
    """The objects whose parts are needed; those of activities that sync have parts of their own."""
    watched = watched_of(connection, side).items()
    others = {name for name, kind in watched if kind is not Kind.ACTIVITY}
    mail_tasks = ACTIVITIES if mail_kinds_of(connection) else frozenset[str]()
    members = {CAMPAIGN_MEMBER} if reads_campaigns(connection) else set[str]()
    return frozenset(others) | mail_tasks | members


_Result = tuple[str, StepState, str]
"""The part, state and text of a `SetupStep`."""


@dataclass(frozen=True, slots=True)
class _SideCheck:
    """What is checked on a side, in this order.

    Attributes:
        side: The side.
        identify: The name of the account or org, and why it is the wrong one ("" = it is not).
        rights: Whether we have the rights that we need.
        fields: Whether the mapped fields can be used, once our own parts exist. Takes the state to
            report for an object that cannot be seen.
    """

    side: Side
    identify: Callable[[], tuple[str, str]]
    rights: Callable[[], Iterator[_Result]]
    fields: Callable[[StepState], Iterator[_Result]]


def _set_up_side(
    check: _SideCheck, schema: Schema, parts: Sequence[Part], *, apply: bool
) -> Iterator[_Result]:
    """The results of a side. In the wrong account or org nothing is read, let alone made."""
    try:
        name, objection = check.identify()
    except SyncError as error:
        yield f"connection to {check.side}", StepState.FAILED, text_of(error)
        return
    yield _judged(name, objection)
    if objection:
        return
    yield from check.rights()
    try:
        found = schema.inspect(parts)
    except SyncError as error:
        yield "properties and fields of our own", StepState.FAILED, text_of(error)
        return
    for part in parts:
        if part in found:
            yield _judged(str(part), found[part])
        elif apply:
            yield _make(schema, part)
        else:
            yield str(part), StepState.MISSING, ""
    yield from check.fields(StepState.FAILED if apply else StepState.MISSING)


def _make(schema: Schema, part: Part) -> _Result:
    try:
        return str(part), StepState.MADE, schema.make(part)
    except SyncError as error:
        return str(part), StepState.FAILED, text_of(error)


def _judged(what: str, objection: str) -> _Result:
    return what, StepState.WRONG if objection else StepState.THERE, objection


def _hubspot_check(connection: Connection, hubspot: HubspotSide) -> _SideCheck:
    def identify() -> tuple[str, str]:
        wanted, found = connection.hubspot.portal_id, hubspot.portal_id()
        if found == wanted:
            return f"account {wanted}", ""
        secret = connection.hubspot.secret
        objection = f"the token in {secret} belongs to HubSpot account {found} (TEN-1)"
        return f"account {wanted}", objection

    def rights() -> Iterator[_Result]:
        try:
            app = hubspot.app()
        except SyncError as error:
            yield "app", StepState.FAILED, text_of(error)
            return
        yield _judged(f"app {app.id}", strange_app(app))
        yield _judged("scopes", missing_scopes(connection, app))

    return _SideCheck(Side.HUBSPOT, identify, rights, lambda _unseen: iter(()))


def _salesforce_check(
    connection: Connection, salesforce: SalesforceSide, *, apply: bool
) -> _SideCheck:
    def identify() -> tuple[str, str]:
        try:
            org = salesforce.org()
        except SyncError as error:
            if error.code != NO_API:
                raise
            return "org", f"{WITHOUT_API} (INS-2)"
        objection = objection_to(org)
        return f"org {org.name}, {org.edition}", f"{objection} (INS-2)" if objection else ""

    def fields(unseen: StepState) -> Iterator[_Result]:
        for name, rules in mapped_rules(connection).items():
            what = f"mapped fields of {name}"
            try:
                objection = lacking(rules, salesforce.fields(name))
                yield _judged(what, objection)
            except Gone:
                # Without rights to an object, Salesforce's describe call denies that it exists;
                # set-up grants them.
                yield what, unseen, "no access"
            except SyncError as error:
                yield what, StepState.FAILED, text_of(error)

    return _SideCheck(Side.SALESFORCE, identify, lambda: _licence(salesforce, apply=apply), fields)


def _licence(salesforce: SalesforceSide, *, apply: bool) -> Iterator[_Result]:
    """The licence that a user with the integration licence needs before a permission set.

    Other users do not need it, and have no such step.
    """
    what = f"permission set licence {API_INTEGRATION}"
    try:
        licences = salesforce.licences()
        if not needs_api_integration(licences):
            return
        if has_api_integration(licences):
            yield what, StepState.THERE, ""
        elif apply:
            salesforce.give_licence(API_INTEGRATION)
            yield what, StepState.MADE, ""
        else:
            yield what, StepState.MISSING, _NO_LICENCE
    except SyncError as error:
        yield what, StepState.FAILED, f"{text_of(error)} {_NO_LICENCE}"

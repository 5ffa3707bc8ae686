"""Communication preferences v3 and v4: definitions, statuses, unsubscribing from all
(communication-preferences-v3 and -v4 [V]).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from simulators.hubspot.api.call import Answer, Call, text_of
from simulators.hubspot.errors import ApiError, invalid
from simulators.hubspot.preferences import (
    ACCOUNT,
    NOT_SPECIFIED,
    STATES,
    SUBSCRIBED,
    UNSUBSCRIBED,
    Definition,
)
from simulators.hubspot.records.values import BadValueError, email_address
from simulators.hubspot.stamps import iso

BATCH_CEILING = 100


def definitions_v3(call: Call) -> Answer:
    """GET the subscription types (v3)."""
    rows = [
        _definition_row(row) | {"id": str(row.id)}
        for row in call.portal.preferences.definitions.values()
    ]
    return Answer(200, {"subscriptionDefinitions": rows})


def status_v3(call: Call) -> Answer:
    """GET the statuses of an address (v3); an unspecified one shows as SUBSCRIBED [M]."""
    return Answer(200, _status_body_v3(call, _address(call.ids["email"])))


def subscribe_v3(call: Call) -> Answer:
    """POST a subscription (v3); it cannot undo an opt-out by the contact itself (PLT-3)."""
    address, definition = (
        _address(text_of(call.row, "emailAddress")),
        _definition(call, call.row.get("subscriptionId")),
    )
    status = call.portal.preferences.of(address)
    if status.is_out_of_all or status.states.get(definition.id, ("", 0))[0] == UNSUBSCRIBED:
        raise invalid(
            f"subscription {definition.id} for {address} cannot be updated because they have "
            "unsubscribed"
        )
    call.portal.preferences.set_state(address, definition.id, SUBSCRIBED, call.actor)
    return Answer(200, _row_v3(call, address, definition))


def unsubscribe_v3(call: Call) -> Answer:
    """POST an unsubscription (v3)."""
    address, definition = (
        _address(text_of(call.row, "emailAddress")),
        _definition(call, call.row.get("subscriptionId")),
    )
    call.portal.preferences.set_state(address, definition.id, UNSUBSCRIBED, call.actor)
    return Answer(200, _row_v3(call, address, definition))


def definitions(call: Call) -> Answer:
    """GET the subscription types (v4)."""
    rows = [
        _definition_row(row) | {"id": str(row.id)}
        for row in call.portal.preferences.definitions.values()
    ]
    return Answer(200, _action(call, rows))


def status(call: Call) -> Answer:
    """GET the statuses of an address (v4)."""
    _channel(call)
    return Answer(200, _action(call, _statuses(call, _address(call.ids["email"]))))


def update(call: Call) -> Answer:
    """POST one status of an address (v4)."""
    address = _address(call.ids["email"])
    definition = _set(call, address, call.row)
    return Answer(200, _action(call, [_status_row(call, address, definition)]))


def read_all(call: Call) -> Answer:
    """GET whether an address is unsubscribed from everything (v4)."""
    _channel(call)
    return Answer(200, _action(call, [_wide_row(call, _address(call.ids["email"]))]))


def unsubscribe_all(call: Call) -> Answer:
    """POST an unsubscription from everything (v4); ``businessUnitId`` limits it to one brand, and
    ``verbose`` shows each status.

    Refusals are listed together with the results and the status is 200 all the same, as the shape
    of the answer has it [V]; the text is [M].
    """
    _channel(call)
    address, brand = _address(call.ids["email"]), _brand(call)
    errors = _put_out(call, address, ACCOUNT if brand is None else brand)
    return Answer(
        200, _action(call, _statuses(call, address, brand) if call.flag("verbose") else [], errors)
    )


def batch_read(call: Call) -> Answer:
    """POST batch/read of statuses (v4)."""
    _channel(call)
    rows = [
        {"subscriberIdString": text, "statuses": _statuses(call, text)} for text in _addresses(call)
    ]
    return Answer(200, _action(call, rows))


def batch_write(call: Call) -> Answer:
    """POST batch/write of statuses (v4)."""
    rows = []
    for row in call.inputs(BATCH_CEILING):
        address = _address(text_of(row, "subscriberIdString"))
        rows.append(_status_row(call, address, _set(call, address, row)))
    return Answer(200, _action(call, rows))


def batch_unsubscribe_all(call: Call) -> Answer:
    """POST the unsubscription of many addresses from everything (v4)."""
    _channel(call)
    brand = _brand(call)
    rows, errors = [], []
    for address in _addresses(call):
        errors += _put_out(call, address, ACCOUNT if brand is None else brand)
        shown = {"statuses": _statuses(call, address, brand)} if call.flag("verbose") else {}
        rows.append({"subscriberIdString": address} | shown)
    return Answer(200, _action(call, rows, errors))


def batch_read_all(call: Call) -> Answer:
    """POST whether many addresses are unsubscribed from everything (v4)."""
    _channel(call)
    rows = [
        {"subscriberIdString": text, "wideStatuses": [_wide_row(call, text)]}
        for text in _addresses(call)
    ]
    return Answer(200, _action(call, rows))


def _put_out(call: Call, address: str, brand: int) -> list[dict[str, Any]]:
    preferences = call.portal.preferences
    if (address.lower(), brand) in preferences.refused:
        text = "Unable to unsubscribe the subscriber from all subscriptions"
        return [ApiError(400, "VALIDATION_ERROR", text).row(businessUnitId=[str(brand)])]
    preferences.set_out_of_all(address, call.actor, is_out=True, brand=brand)
    return []


def _brand(call: Call) -> int | None:
    raw = call.query.get("businessUnitId")
    if raw is None:
        return None
    if not str(raw).isdigit() or int(raw) not in call.portal.preferences.brands:
        raise invalid(f"Business unit {raw} does not exist.")
    return int(raw)


def _set(call: Call, address: str, row: Any) -> Definition:
    definition, state = _definition(call, row.get("subscriptionId")), row.get("statusState")
    if state not in STATES or row.get("channel") != "EMAIL":
        raise invalid(
            "A status needs channel EMAIL and a statusState of SUBSCRIBED, UNSUBSCRIBED or "
            "NOT_SPECIFIED."
        )
    call.portal.preferences.set_state(address, definition.id, str(state), call.actor)
    return definition


def _address(text: str) -> str:
    try:
        return email_address(unquote(text))
    except BadValueError as error:
        raise invalid(error.text) from error


def _addresses(call: Call) -> Sequence[str]:
    rows = call.row.get("inputs")
    if not isinstance(rows, list) or not 0 < len(rows) <= BATCH_CEILING:
        raise invalid(f"inputs must be a list of 1 to {BATCH_CEILING} subscriber ids")
    return [_address(str(row)) for row in rows]


def _channel(call: Call) -> None:
    if call.query.get("channel") != "EMAIL":
        raise invalid("Some required fields were not set: [channel]")


def _definition(call: Call, raw: Any) -> Definition:
    definition = call.portal.preferences.definitions.get(int(raw)) if str(raw).isdigit() else None
    if definition is None:
        raise invalid(f"Subscription definition {raw} does not exist.")
    return definition


def _definition_row(definition: Definition) -> dict[str, Any]:
    return {
        "name": definition.name,
        "description": definition.description,
        "purpose": definition.purpose,
        "communicationMethod": "Email",
        "isActive": True,
        "isDefault": definition.purpose == "Sales",
        "isInternal": definition.purpose == "Sales",
        "createdAt": iso(definition.created_ms),
        "updatedAt": iso(definition.created_ms),
    }


def _status_body_v3(call: Call, address: str) -> dict[str, Any]:
    rows = [_row_v3(call, address, row) for row in call.portal.preferences.definitions.values()]
    return {"recipient": address, "subscriptionStatuses": rows}


def _row_v3(call: Call, address: str, definition: Definition) -> dict[str, Any]:
    state, _ = call.portal.preferences.state(address, definition.id)
    is_wide = call.portal.preferences.of(address).is_out_of_all
    return {
        "id": str(definition.id),
        "name": definition.name,
        "description": definition.description,
        "status": "NOT_SUBSCRIBED" if state == UNSUBSCRIBED else "SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if is_wide else "SUBSCRIPTION_STATUS",
    }


def _statuses(call: Call, address: str, brand: int | None = None) -> list[dict[str, Any]]:
    rows = call.portal.preferences.definitions.values()
    return [_status_row(call, address, row) for row in rows if brand in {None, row.brand}]


def _status_row(call: Call, address: str, definition: Definition) -> dict[str, Any]:
    state, at_ms = call.portal.preferences.state(address, definition.id)
    return {
        "subscriberIdString": address,
        "channel": "EMAIL",
        "subscriptionId": definition.id,
        "subscriptionName": definition.name,
        "status": state,
        "source": f"HubSpot portal {call.portal.portal_id}",
        "timestamp": iso(at_ms),
        **({"businessUnitId": definition.brand} if len(call.portal.preferences.brands) > 1 else {}),
    }


def _wide_row(call: Call, address: str) -> dict[str, Any]:
    status = call.portal.preferences.of(address)
    state = (
        UNSUBSCRIBED if status.is_out_of_all else SUBSCRIBED if status.changed_ms else NOT_SPECIFIED
    )
    return {
        "subscriberIdString": address,
        "channel": "EMAIL",
        "wideStatusType": "PORTAL_WIDE",
        "status": state,
        "timestamp": iso(status.changed_ms or call.portal.clock.now_ms()),
    }


def _action(call: Call, rows: Sequence[Any], errors: Sequence[Any] = ()) -> dict[str, Any]:
    now = iso(call.portal.clock.now_ms())
    body = {"status": "COMPLETE", "results": list(rows), "startedAt": now, "completedAt": now}
    return body | ({"numErrors": len(errors), "errors": list(errors)} if errors else {})

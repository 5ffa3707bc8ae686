"""The forecast of a day's calls in sentences, for people. Pure; times are UTC."""

from __future__ import annotations

from datetime import datetime

from crmsync.model.records import Side
from crmsync.rules.timing.call_forecast import PACE_HOURS, CallForecast, forecast
from crmsync.rules.timing.call_state import CallState


def outlook(side: Side, state: CallState, now: datetime) -> str:
    """What becomes of the calls to a CRM at the present pace, in sentences; "" where they are used
    up already.
    """
    if state.used_up_at is not None:
        return ""
    found = forecast(state, now, day_ends=side is Side.HUBSPOT)
    if found is not None:
        return _forecast(side, found)
    if state.hours and (state.allotment or state.day):
        return f"{side.label}: no forecast before half an hour of calls is known."
    return f"{side.label}: no forecast, as no limit of a day is known yet."


def _forecast(side: Side, found: CallForecast) -> str:
    limit = f"{found.limit:,} calls of a day " + (
        "that crmsync may make" if found.is_own else f"that {side.label} allows all clients"
    )
    end = (
        f"all {limit} are used up at {found.full_at:%Y-%m-%d %H:%M} UTC"
        if found.full_at
        else f"at most {found.percent} percent of the {limit} are used at any time within 24 hours"
    )
    sentence = (
        f"{side.label}: at the pace of the last {PACE_HOURS} hours ({found.pace:,} calls an hour) "
        f"{end}."
    )
    if found.is_own:
        return sentence
    if side is Side.HUBSPOT:
        return (
            f"{sentence} HubSpot counts anew from midnight in the account's time zone, which is "
            "left out here, and so are further calls of other clients."
        )
    return f"{sentence} Other clients are taken to go on as in the last 24 hours."

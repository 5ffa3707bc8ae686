"""Whether two connections lead to the same org under different addresses.

A connection knows by its address whether another one shares its org (decision 19). Two that share
one under different addresses would each take the other's writes for echoes of their own and lose
them; only the org's id shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crmsync.errors import SyncError
from crmsync.flows.setup.connection import SalesforceSide
from crmsync.flows.setup.steps import SetupStep, StepState
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings

_SAME_ORG = (
    "leads to the org of {}, which has another login_url: give both the org's own address, "
    "letter for letter (TEN-1)"
)


def address_mismatches(
    settings: Settings, salesforce: Callable[[Connection], SalesforceSide]
) -> Iterator[SetupStep]:
    """A step for each connection that reaches the org of an earlier one by another address.

    An org that does not answer is left out: its own step reports that. A single connection costs no
    call.
    """
    if len(settings.connections) < 2:  # noqa: PLR2004 - a pair
        return
    first_of_org: dict[str, Connection] = {}
    for one in settings.connections:
        try:
            org = salesforce(one).org()
        except SyncError:
            continue
        first = first_of_org.setdefault(org.id, one)
        if first.salesforce.org_key != one.salesforce.org_key:
            text = _SAME_ORG.format(first.name)
            yield SetupStep(one.name, Side.SALESFORCE, "login_url", StepState.WRONG, text)

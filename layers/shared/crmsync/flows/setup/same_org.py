"""Whether two connections lead to one org without saying so.

By its address a connection knows whether it is alone in its org (decision 19). Two that share one
under different addresses would each take the other's writes for echoes of their own and lose them;
only the org itself can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from crmsync.errors import SyncError
from crmsync.flows.setup.connection import SalesforceSide, SetupStep, StepState
from crmsync.model.records import Side
from crmsync.model.settings import Connection, Settings

_TWIN = "leads to the org of {}, which has another login_url: give both the org's own address, letter for letter (TEN-1)"


def address_mismatches(
    settings: Settings, salesforce: Callable[[Connection], SalesforceSide]
) -> Iterator[SetupStep]:
    """A step for each connection whose org another one reaches by another address; an org that does
    not answer is told elsewhere.
    """
    first: dict[str, Connection] = {}
    for one in settings.connections if settings.connections[1:] else ():
        try:
            org = salesforce(one).org()
        except SyncError:
            continue
        twin = first.setdefault(org.id, one)
        if twin.salesforce.org_key != one.salesforce.org_key:
            yield SetupStep(
                one.name, Side.SALESFORCE, "login_url", StepState.WRONG, _TWIN.format(twin.name)
            )

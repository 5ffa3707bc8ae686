"""Whether the operator has paused a connection, for Lambdas without a circuit breaker."""

from __future__ import annotations

from crmsync.telemetry import logger, metrics
from crmsync.wiring.stores import troubles


def is_paused(name: str) -> bool:
    """Whether a connection is paused; logs it and counts it. If the store does not answer, it is
    not.
    """
    from crmsync.errors import SyncError

    try:
        pause = troubles().load(name).pause
    except SyncError as error:
        logger.warning(
            "nobody can say whether a connection is paused", connection=name, code=error.code
        )
        return False
    if pause is None:
        return False
    logger.info(
        "the connection is paused", connection=name, since=pause.since.isoformat(), by=pause.by
    )
    metrics.add_metric("Paused", unit="Count", value=1)
    return True

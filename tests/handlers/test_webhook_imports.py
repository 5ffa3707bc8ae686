"""What the webhook's function loads before its first answer: HubSpot waits for it, also after a
cold start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from crmsync.wiring import COLLECT_AFTER

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import gc, json, sys
import handler
from crmsync.wiring import intake, stores
intake.hubspot_webhook(), stores.settings_table(), stores.outbox(), stores.secrets()
print(json.dumps([gc.get_threshold()[0], sorted(sys.modules)]))
"""
NOT_NEEDED = (
    "boto3",
    "pydantic",
    "requests",
    "hubspot",
    "simple_salesforce",
    "crmsync.gateways.call_leases",
    "crmsync.model.operations.calls",
    "crmsync.model.operations.jobs",
    "crmsync.model.mail",
    "crmsync.model.links",
    "crmsync.rules.merge",
)


def test_the_webhook_loads_nothing_that_it_does_not_need() -> None:
    """After all that it uses is made, no SDK of a CRM and no module of the sync is loaded, and the
    garbage collector looks seldom.
    """
    paths = (ROOT / "functions/hubspot_webhook", ROOT / "layers/shared")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "POWERTOOLS_METRICS_NAMESPACE": "crmsync",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "CHANGE_BUS": "changes",
            "SETTINGS_TABLE": "settings",
            "STATE_TABLE": "state",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    threshold, loaded = json.loads(done.stdout)

    assert (threshold, set(NOT_NEEDED) & set(loaded)) == (COLLECT_AFTER, set())

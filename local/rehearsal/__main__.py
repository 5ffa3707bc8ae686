"""``make rehearse``: deploys the output of ``make build`` with its policies enforced, and syncs one
contact.

Law: puts the parts together and prints what happens. It stops everything that it starts.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from crmsync.cli import main as command
from crmsync.wiring.command import operator as deployed_operator
from local.people import People
from local.rehearsal.deployment import ToolError, deploy, fail_once, name_rights
from local.rehearsal.ministack import MiniStack, NotStartedError
from local.rehearsal.story import NotSeenError, Rehearsal, function_log, play
from local.stack.crms import Crms
from simulators.clock import Clock
from simulators.faults import Faults

HERE = Path(__file__).parent
LOG_LINES = 60
LONGEST_TEXT = 4000


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse; return 0 when everything is as expected."""
    given = _parser().parse_args(arguments)
    started = time.monotonic()

    def say(sentence: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {sentence}", flush=True)

    try:
        say("MiniStack and both CRMs start.")
        with MiniStack(given.ministack.absolute()) as cloud:
            _rehearse(given, cloud, say)
    except (ToolError, NotStartedError, NotSeenError) as error:
        print(f"\nThe rehearsal failed: {str(error)[-LONGEST_TEXT:]}", file=sys.stderr)
        return 1
    say("The rehearsal is green.")
    return 0


def _rehearse(given: argparse.Namespace, cloud: MiniStack, say: Callable[[str], None]) -> None:
    crms = Crms(
        json.loads((HERE / "world.json").read_text()),
        clock=(clock := Clock()),
        faults=Faults(clock),
        seed=0,
    )
    try:
        say("The SAM CLI deploys template.yaml with a resource that cannot be made.")
        parameters = {
            "Architecture": given.architecture,
            "SalesforceEventBus": crms.salesforce.event_source,
            "KeepOverwritten": "yes",
        }
        for name, states in fail_once(given.sam.absolute(), cloud, parameters).items():
            say(f"It failed. {name}: {', '.join(states)}")
        say("Nothing of it is left. The SAM CLI deploys template.yaml as it was built.")
        outputs = deploy(given.sam.absolute(), cloud, parameters)
        name_rights(cloud)
        say("The operator makes the secrets, pushes the settings and sets both CRMs up.")
        _set_up(cloud, crms, outputs)
        play(Rehearsal(cloud, crms, People(_ready(crms)), outputs, _operate), say)
    except NotSeenError:
        print(
            "\n".join(["", "The functions' last log lines:", *function_log(cloud)[-LOG_LINES:]]),
            file=sys.stderr,
        )
        raise
    finally:
        crms.close()


def _set_up(cloud: MiniStack, crms: Crms, outputs: Mapping[str, str]) -> None:
    """Do what the operator does once: make the secrets, run the command, subscribe to the webhooks
    that it names.
    """
    portal = crms.hubspot.portals[0].portal_id
    hubspot = crms.hubspot_secret(portal) or {}
    signing = ("client_secret", "previous_client_secret")
    secrets = {
        "crmsync/acme/hubspot": {
            key: value for key, value in hubspot.items() if key not in signing
        },
        "signing/crmsync/acme/hubspot": {
            key: hubspot[key] for key in ("app_id", *signing) if key in hubspot
        },
        "crmsync/acme/salesforce": crms.salesforce_secret(),
    }
    for name, secret in secrets.items():
        cloud.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    os.environ.update(cloud.account())
    _operate("settings", "push", str(HERE / "settings.toml"), "--apply")
    _operate("setup", "--apply")
    crms.subscribe(
        outputs["WebhookUrl"], [(portal, deployed_operator().setup.webhook_subscriptions(portal))]
    )


def _operate(*words: str) -> None:
    """Run the operator's command. Raises `NotSeenError` if it fails."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        status = command(words)
    if status:
        raise NotSeenError(f"crmsync {' '.join(words)} ended with {status}:\n{output.getvalue()}")


def _ready(crms: Crms) -> dict[str, Any]:
    """Return the addresses of the two CRMs and the tokens of the people there."""
    portal, org = crms.hubspot.portals[0], crms.salesforce
    place = {
        "instance_url": crms.salesforce_url,
        "user_token": org.user_token,
        "api_version": org.api_version,
    }
    return {
        "portals": [{"base_url": crms.hubspot_url, "user_token": portal.user_token}],
        "salesforce": place,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make rehearse", description=__doc__)
    parser.add_argument("--sam", type=Path, required=True, help="the SAM CLI")
    parser.add_argument("--ministack", type=Path, required=True, help="the ministack command")
    parser.add_argument("--architecture", required=True, help="the architecture of the build")
    return parser


if __name__ == "__main__":
    sys.exit(main())

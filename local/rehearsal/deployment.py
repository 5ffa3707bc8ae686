"""template.yaml, as the SAM CLI has built it, really deployed.

Law: runs the tool that an operator runs, with the options an operator would use; it changes nothing in the template. The first deployment
fails on purpose and the second, given in the same words, succeeds.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.rehearsal.ministack import MiniStack

ROOT = Path(__file__).resolve().parents[2]
STACK = "crmsync"


KEPT = ("LinkKeySecret", "LinksTable", "StateTable")
"""What outlives the stack. Their names are fixed: what is left of one of them keeps a stack of that name from being made."""

IN_THE_WAY = f"{STACK}-changes"
"""A bus of this name that stands already makes the first deployment fail."""


class ToolError(Exception):
    """A tool failed; the text is what it printed."""


def fail_once(sam: Path, cloud: MiniStack, parameters: Mapping[str, str]) -> dict[str, str]:
    """A first deployment that fails half way: resource -> its last state, of those that would outlive the stack. Raises `ToolError`."""
    events = cloud.client("events")
    events.create_event_bus(Name=IN_THE_WAY)
    try:
        deploy(sam, cloud, parameters)
    except ToolError:
        pass
    else:
        raise ToolError(f"sam deploy succeeded although the bus {IN_THE_WAY} stands already")
    finally:
        events.delete_event_bus(Name=IN_THE_WAY)
    if (left := _left(cloud)) != []:
        raise ToolError(f"a first deployment that failed leaves {', '.join(left)}")
    return _last_states(cloud)


def _left(cloud: MiniStack) -> list[str]:
    """What there is under the fixed names, and the stack itself."""
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    secrets = [one["Name"] for one in cloud.client("secretsmanager").list_secrets()["SecretList"]]
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    standing = [one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"]
    return [name for name in (*tables, *secrets, *standing) if name == STACK or name.startswith(f"{STACK}-")]


def _last_states(cloud: MiniStack) -> dict[str, str]:
    """How far each of them came in the deployment that failed."""
    cloudformation = cloud.client("cloudformation")
    (stack,) = [one["StackId"] for one in cloudformation.list_stacks()["StackSummaries"] if one["StackName"] == STACK]
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    events = [event for page in pages for event in page["StackEvents"] if event["LogicalResourceId"] in KEPT]
    return {event["LogicalResourceId"]: event["ResourceStatus"] for event in reversed(events)}


def deploy(sam: Path, cloud: MiniStack, parameters: Mapping[str, str]) -> dict[str, str]:
    """``sam deploy`` of what ``sam build`` has built; the stack's outputs. Raises `ToolError`."""
    options = [
        "--no-confirm-changeset",
        "--no-progressbar",
        "--capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    # Everything else is in samconfig.toml.
    command = [str(sam), "deploy", "--stack-name", STACK, *options, "--parameter-overrides", *overrides]
    # Nothing of the machine's own AWS account.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    tool = {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(cloud.folder / "sam")}
    environment = {**kept, **tool, **cloud.account()}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"sam deploy failed:\n{(done.stdout + done.stderr)[-4000:]}")
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

"""template.yaml, as the SAM CLI has built it, really deployed.

Law: runs the tool that an operator runs, with the options an operator would use; it changes nothing
in the template. Only the first deployment has one resource too many, which cannot be made: so it
fails, and the second one, of the same name, must not suffer from it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.rehearsal.ministack import MiniStack

ROOT = Path(__file__).resolve().parents[2]
STACK = "crmsync"


KEPT = ("LinkKeySecret", "LinksTable", "SettingsKeySecret", "SettingsTable", "StateTable")
"""What outlives the stack. Their names are fixed: what is left of one of them keeps a stack of that
name from being made.
"""

BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"

CANNOT_BE_MADE = f"""Resources:
  CannotBeMade:
    Type: AWS::Events::EventBus
    DependsOn: [{", ".join(KEPT)}]
    Properties:
      Name: !GetAtt ChangeBus.Name
"""
"""A resource that fails once those stand that outlive the stack: a bus of its name is there
already.
"""


class ToolError(Exception):
    """A tool failed; the text is all that it printed."""


def fail_once(sam: Path, cloud: MiniStack, parameters: Mapping[str, str]) -> dict[str, list[str]]:
    """A first deployment that fails half way: resource -> the states that it went through, of those
    that would outlive the stack.

    Raises `ToolError`, also where something is left that would stand in the way of a second one.
    """
    failing = BUILT.with_name("failing.yaml")
    failing.write_text(BUILT.read_text().replace("Resources:\n", CANNOT_BE_MADE, 1))
    try:
        deploy(sam, cloud, parameters, failing)
    except ToolError as error:
        told = str(error)
    else:
        raise ToolError("sam deploy succeeded although a resource could not be made")
    finally:
        failing.unlink()
    states = _states(told)
    if any(one[:1] != ["CREATE_COMPLETE"] for one in states.values()):
        raise ToolError(f"the first deployment did not come half way: {told}")
    if left := _left(cloud):
        raise ToolError(f"a first deployment that failed leaves {', '.join(left)}: {states}")
    return states


def _left(cloud: MiniStack) -> list[str]:
    """What there is under the fixed names, and the stack itself."""
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    secrets = [one["Name"] for one in cloud.client("secretsmanager").list_secrets()["SecretList"]]
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    standing = [one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"]
    return [
        name
        for name in (*tables, *secrets, *standing)
        if name == STACK or name.startswith(f"{STACK}-")
    ]


def _states(told: str) -> dict[str, list[str]]:
    """What the SAM CLI told of each of them while the deployment failed."""
    lines = [line.split() for line in told.splitlines()]
    return {
        name: [
            line[0]
            for line in lines
            if name in line and line[0].endswith(("_COMPLETE", "_SKIPPED", "_FAILED"))
        ]
        for name in KEPT
    }


def deploy(
    sam: Path, cloud: MiniStack, parameters: Mapping[str, str], template: Path | None = None
) -> dict[str, str]:
    """``sam deploy`` of what ``sam build`` has built, or of another `template`; the stack's
    outputs. Raises `ToolError`.
    """
    options = [
        "--no-confirm-changeset",
        "--no-progressbar",
        "--capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    # Everything else is in samconfig.toml.
    command = [
        str(sam),
        "deploy",
        "--stack-name",
        STACK,
        *options,
        "--parameter-overrides",
        *overrides,
    ]
    command += ["--config-file", str(ROOT / "samconfig.toml")]
    command += ["--template-file", str(template)] if template else []
    # Nothing of the machine's own AWS account.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    tool = {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(cloud.folder / "sam")}
    environment = {**kept, **tool, **cloud.account()}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolError(f"sam deploy failed:\n{done.stdout + done.stderr}")
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

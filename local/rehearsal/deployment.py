"""template.yaml, as the SAM CLI has built it, really deployed.

Law: runs the tool that an operator runs, with the options an operator would use; it changes nothing in the template.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.rehearsal.ministack import MiniStack

ROOT = Path(__file__).resolve().parents[2]
STACK = "crmsync"


class ToolError(Exception):
    """A tool failed; the text is what it printed."""


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
    command = [str(sam), "deploy", "--stack-name", STACK, "--resolve-s3", *options, "--parameter-overrides", *overrides]
    # Nothing of the machine's own AWS account.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    tool = {"SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(cloud.folder / "sam")}
    environment = {**kept, **tool, **cloud.account()}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"sam deploy failed:\n{(done.stdout + done.stderr)[-4000:]}")
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

"""template.yaml, really built and really deployed by the SAM CLI.

Law: runs the tools that an operator runs, with the options an operator would use; it changes nothing in the template. Only the
architecture is this machine's, because the functions run on it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.rehearsal.ministack import MiniStack

ROOT = Path(__file__).resolve().parents[2]
STACK = "crmsync"
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


class ToolError(Exception):
    """A tool failed; the text is what it printed."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The SAM CLI and the folder of the interpreter that the Lambdas run on."""

    sam: Path
    python_folder: Path

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run the SAM CLI at the repository's root, with nothing of the machine's own AWS account. Raises `ToolError`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with tempfile.TemporaryDirectory(prefix="crmsync-sam-") as folder:
            own = {
                "PATH": f"{self.python_folder}{os.pathsep}{os.environ['PATH']}",
                "SAM_CLI_TELEMETRY": "0",
                "__SAM_CLI_APP_DIR": folder,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            }
            command = [str(self.sam), *arguments]
            done = subprocess.run(
                command, cwd=ROOT, env={**kept, **own, **environment}, capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise ToolError(f"sam {arguments[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def architecture() -> str:
    """This machine's, in Lambda's words. Raises `ToolError` on a machine that Lambda does not know."""
    machine = platform.machine().lower()
    if machine not in ARCHITECTURES:
        raise ToolError(f"Lambda has no architecture for {machine}")
    return ARCHITECTURES[machine]


def build(tools: Tools) -> None:
    """``sam build`` of the whole template for this machine. Raises `ToolError`."""
    tools.run(["build", "--parameter-overrides", f"Architecture={architecture()}"], {"AWS_DEFAULT_REGION": "us-east-1"})


def deploy(tools: Tools, cloud: MiniStack, parameters: Mapping[str, str]) -> dict[str, str]:
    """``sam deploy`` of what was built; the stack's outputs. Raises `ToolError`."""
    given = {"Architecture": architecture(), **parameters}
    options = [
        "--no-confirm-changeset",
        "--no-progressbar",
        "--capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
    ]
    overrides = [f"{name}={value}" for name, value in given.items()]
    tools.run(
        ["deploy", "--stack-name", STACK, "--resolve-s3", *options, "--parameter-overrides", *overrides],
        cloud.account(),
    )
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

"""Deploys template.yaml as the SAM CLI has built it.

Law: runs the tool that an operator runs, with an operator's options, and changes nothing in the
template that MiniStack can make. Only the first deployment has an additional resource that cannot
be made: it fails, and must not stand in the way of the second deployment, which has the same name.

MiniStack 1.5.33 makes no alarm on an expression of metrics. Such an alarm watches the first metric
of its expression instead; the rehearsal does not look at alarms.

MiniStack 1.5.33 checks two batch calls under names that IAM does not know. So each role also gets
MiniStack's name for a right that the template grants it under AWS's name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.rehearsal.ministack import MiniStack

ROOT = Path(__file__).resolve().parents[2]
STACK = "crmsync"


RETAINED = ("LinkKeySecret", "LinksTable", "SettingsKeySecret", "SettingsTable", "StateTable")
"""Resources that outlive the stack. Their names are fixed: one that is left over prevents a new
stack of that name.
"""

BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"

DEPLOYED = BUILT.with_name("ministack.yaml")
"""What is deployed; beside the folders that it names."""

CANNOT_BE_MADE = f"""Resources:
  CannotBeMade:
    Type: AWS::Events::EventBus
    DependsOn: [{", ".join(RETAINED)}]
    Properties:
      Name: !GetAtt ChangeBus.Name
"""
"""A resource that fails after the retained ones were made, because a bus of its name already
exists.
"""


_EXPRESSION = re.compile(r"^      Metrics:\n(?:      (?:-| ).*\n)+", re.MULTILINE)
"""The metrics and the expression of an alarm, as ``sam build`` writes them."""

NAMED_OTHERWISE = {
    "dynamodb:PartiQLUpdate": "dynamodb:BatchExecuteStatement",
    "sqs:SendMessage": "sqs:SendMessageBatch",
}
"""AWS's name of a right -> MiniStack's name for the batch call that needs it in AWS
[D "IAM security policies with PartiQL for DynamoDB", "Amazon SQS API permissions"].
"""


class ToolError(Exception):
    """A tool failed; the text is everything that it printed."""


def fail_once(sam: Path, cloud: MiniStack, parameters: Mapping[str, str]) -> dict[str, list[str]]:
    """Make a first deployment that fails half way; return retained resource -> the states it went
    through.

    Raises `ToolError`, also if something is left that would stand in the way of a second
    deployment.
    """
    failing = BUILT.with_name("failing.yaml")
    failing.write_text(_built().replace("Resources:\n", CANNOT_BE_MADE, 1))
    try:
        deploy(sam, cloud, parameters, failing)
    except ToolError as error:
        output = str(error)
    else:
        raise ToolError("sam deploy succeeded although a resource could not be made")
    finally:
        failing.unlink()
    states = _states(output)
    if any(one[:1] != ["CREATE_COMPLETE"] for one in states.values()):
        raise ToolError(f"the first deployment did not come half way: {output}")
    if left := _leftovers(cloud):
        raise ToolError(f"a first deployment that failed leaves {', '.join(left)}: {states}")
    return states


def _leftovers(cloud: MiniStack) -> list[str]:
    """Return what exists under the fixed names, including the stack itself."""
    tables = cloud.client("dynamodb").list_tables()["TableNames"]
    secrets = [one["Name"] for one in cloud.client("secretsmanager").list_secrets()["SecretList"]]
    stacks = cloud.client("cloudformation").list_stacks()["StackSummaries"]
    remaining = [one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"]
    return [
        name
        for name in (*tables, *secrets, *remaining)
        if name == STACK or name.startswith(f"{STACK}-")
    ]


def _states(output: str) -> dict[str, list[str]]:
    """Return the states of each retained resource that the SAM CLI printed while the deployment
    failed.
    """
    lines = [line.split() for line in output.splitlines()]
    return {
        name: [
            line[0]
            for line in lines
            if name in line and line[0].endswith(("_COMPLETE", "_SKIPPED", "_FAILED"))
        ]
        for name in RETAINED
    }


def name_rights(cloud: MiniStack) -> None:
    """Give each role MiniStack's names for the rights that its own policies grant."""
    iam = cloud.client("iam")
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        granted = {
            action
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            for statement in _statements(iam, name, policy)
            for action in _listed(statement["Action"])
        }
        if actions := [NAMED_OTHERWISE[one] for one in sorted(granted & set(NAMED_OTHERWISE))]:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            iam.put_role_policy(
                RoleName=name, PolicyName="ministack", PolicyDocument=json.dumps(document)
            )


def _statements(iam: Any, role: str, policy: str) -> list[dict[str, Any]]:
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    found: list[dict[str, Any]] = _listed(document["Statement"])
    return [one for one in found if one["Effect"] == "Allow" and "Action" in one]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _built() -> str:
    """The template that ``sam build`` has written, with alarms that MiniStack can make."""
    return _EXPRESSION.sub(_first_metric, BUILT.read_text())


def _first_metric(expression: re.Match[str]) -> str:
    """The first metric of an expression, in the properties of an alarm on one metric."""
    rows = [line.strip() for line in expression[0].splitlines()]
    first = [
        next(row for row in rows if row.startswith(name))
        for name in ("Namespace", "MetricName", "Period")
    ]
    return "".join(f"      {row}\n" for row in (*first, "Statistic: Sum"))


def deploy(
    sam: Path, cloud: MiniStack, parameters: Mapping[str, str], template: Path | None = None
) -> dict[str, str]:
    """Run ``sam deploy`` for the output of ``sam build``, or for another `template`; return the
    stack's outputs.

    Raises `ToolError`.
    """
    if template is None:
        template = DEPLOYED
        template.write_text(_built())
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
    command += ["--template-file", str(template)]
    # Without the variables of the machine's own AWS account.
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

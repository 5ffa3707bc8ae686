"""``python -m tests.template.control_tower FOLDER``: checks template.yaml against the rules of AWS
Control Tower, with cfn-guard.

FOLDER is the installed package ``@cdklabs/cdk-validator-cfnguard``, which has the rules and the
program for four machines. The program does not evaluate conditions, so it checks the template as a
strict account deploys it: transformed, with a key, a VPC and a year of logs. A failure must be in
`EXCEPTIONS` with its reason, and every exception must still fail.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local.stack.template.template import Template
from tests.template.document import ROOT

STRICT: Mapping[str, Any] = MappingProxyType(
    {
        "KeepOverwritten": "yes",
        "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/example",
        "LogRetentionDays": 365,
        "SalesforceEventBus": "aws.partner/salesforce.com/example/example",
        "SecurityGroupIds": ["sg-example"],
        "SubnetIds": ["subnet-example-a", "subnet-example-b"],
    }
)
"""The parameters of a strict account."""

_HUBSPOT_CALLS = "HubSpot calls the webhook and has no AWS account."
_HUBSPOT_SIGNS = (
    "HubSpot cannot sign for IAM; the function checks HubSpot's own signature before anything else."
)
_BROWSERS_SIGN_NOTHING = (
    "A browser has no AWS account; the function asks for a session before anything else."
)
_FORGOTTEN = (
    "What it keeps is to be forgotten within days; a backup would have it for weeks (decision 40)."
)
_DATA_KEYS = "No grant is made on it: it makes and opens data keys. Who in the account may make one, its own policies say."
_POLLED = (
    "The poll finds the same records within a minute, so no message is worth keeping (decision 35)."
)

EXCEPTIONS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("CT.DYNAMODB.PR.1", "OverwrittenTable"): _FORGOTTEN,
        ("CT.KMS.PR.3", "OverwrittenKey"): _DATA_KEYS,
        ("CT.LAMBDA.PR.2", "HubspotWebhookFunctionURLInvokeAllowPublicAccess"): _HUBSPOT_CALLS,
        ("CT.LAMBDA.PR.2", "HubspotWebhookFunctionUrlPublicPermissions"): _HUBSPOT_CALLS,
        (
            "CT.LAMBDA.PR.2",
            "ConsoleFunctionURLInvokeAllowPublicAccess",
        ): _BROWSERS_SIGN_NOTHING,
        ("CT.LAMBDA.PR.2", "ConsoleFunctionUrlPublicPermissions"): _BROWSERS_SIGN_NOTHING,
        ("CT.LAMBDA.PR.5", "ConsoleFunctionUrl"): _BROWSERS_SIGN_NOTHING,
        ("CT.LAMBDA.PR.5", "HubspotWebhookFunctionUrl"): _HUBSPOT_SIGNS,
        ("CT.SQS.PR.1", "SalesforceEventQueue"): _POLLED,
    }
)
"""Rule and resource -> the reason for the exception."""

MACHINES = {"Darwin": "macos", "Linux": "ubuntu"}
PROCESSORS = {"arm64": "aarch64", "amd64": "x86_64"}
PASSED, FAILED = 0, 19
"""The exit codes of cfn-guard when it could evaluate all rules."""


class _Names:
    """Made-up names, which are enough for rules that check whether a name is there."""

    def ref(self, logical_id: str) -> str:
        return logical_id

    def attribute(self, logical_id: str, attribute: str) -> str:
        return f"arn:aws:example:eu-west-1:111122223333:{logical_id}/{attribute}"


def deployed(path: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resources of a template that exist with these parameters, with every function and
    condition evaluated.
    """
    template = Template(path, parameters)
    resolver = template.resolver("crmsync", "111122223333", _Names())
    return {
        name: resolver.resolve(
            {key: value for key, value in resource.items() if key != "Condition"}
        )
        for name, resource in template.resources.items()
        if "Condition" not in resource or resolver.condition(resource["Condition"])
    }


def broken(folder: Path, resources: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return which rules which resources break. Raises `RuntimeError` if cfn-guard cannot evaluate
    them all.
    """
    processor = platform.machine().lower()
    command = (
        folder
        / "bin"
        / MACHINES[platform.system()]
        / PROCESSORS.get(processor, processor)
        / "cfn-guard"
    )
    rules = folder / "rules" / "control-tower" / "cfn-guard"
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"Resources": resources}, file)
        file.flush()
        line = [
            command,
            "validate",
            "-d",
            file.name,
            "-r",
            rules,
            "--structured",
            "-o",
            "json",
            "-S",
            "none",
        ]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode not in {PASSED, FAILED}:
        raise RuntimeError(f"cfn-guard ended with {done.returncode}: {done.stderr}")
    (report,) = json.loads(done.stdout)
    if not report["compliant"]:
        raise RuntimeError(f"cfn-guard found nothing to evaluate in {rules}")
    return {
        (rule, resource)
        for one in report["not_compliant"]
        for text in [json.dumps(one)]
        for rule in re.findall(r"\[(CT\.[A-Z0-9]+\.PR\.\d+)\]", text)
        for resource in re.findall(r'"path": "/Resources/(\w+)', text)
    }


def main(folder: str) -> int:
    """Print the failures without a reason and the reasons without a failure; return 0 if there are
    neither.
    """
    found = broken(Path(folder), deployed(ROOT / "template.yaml", STRICT))
    for rule, resource in sorted(found - EXCEPTIONS.keys()):
        sys.stderr.write(f"{rule}: {resource} breaks it\n")
    for rule, resource in sorted(EXCEPTIONS.keys() - found):
        sys.stderr.write(f"{rule}: {resource} does not break it; take it out of EXCEPTIONS\n")
    return int(found != EXCEPTIONS.keys())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

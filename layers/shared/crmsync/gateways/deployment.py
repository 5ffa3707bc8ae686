"""What a deployment's resources are called, so that the operator's command needs nothing but an account and a region.

CloudFormation names a table ``<stack>-<logical id>-<random>``. Where one table is called so, that is it; where several are, as after a
stack was removed and made anew (its tables are kept), CloudFormation knows which one is in use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crmsync.errors import Refused
from crmsync.gateways.aws_errors import aws_error

STACK = "crmsync"
"""The name of the stack unless the operator says otherwise, as in samconfig.toml."""


def table_name(dynamodb: Any, cloudformation: Callable[[], Any], logical_id: str, stack: str = STACK) -> str:
    """The name of the stack's table. Raises `Refused` where there is no such deployment, else `TryAgain`."""
    try:
        pages = dynamodb.get_paginator("list_tables").paginate()
        names = [name for page in pages for name in page["TableNames"] if _is_of(name, f"{stack}-{logical_id}")]
        if len(names) == 1:
            return str(names[0])
        if not names:
            hint = "Look at region and account; CRMSYNC_STACK names a stack that is called otherwise."
            raise Refused(f'There is no deployment called "{stack}" here.', code="DEPLOYMENT", hint=hint)
        found = cloudformation().describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])
    except (BotoCoreError, ClientError) as problem:
        raise aws_error(problem, "The AWS account") from problem


def _is_of(name: str, beginning: str) -> bool:
    rest = name.removeprefix(beginning)
    return rest != name and (not rest or (rest.startswith("-") and rest[1:].isalnum()))

"""Who may do what on the laptop: each call is checked against the policies of its caller, as IAM
does, and recorded.

Law: only the template grants rights. A function has the policies of its role. A caller whose access
key is the logical id of a managed policy, or several of them joined by dots, has exactly the rights
of these policies: this is how tests check what an operator can do. All other callers may do
everything.

It knows as much of IAM as the template uses: allowing statements, their wildcards, and the one
condition in `_allowed_sources`. Anything else is refused with a sentence. AWS's own managed
policies grant nothing here, because Lambda itself does what they allow.
"""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from local.stack.dynamodb.statements import updates_of
from local.stack.dynamodb.tables import Reply
from local.stack.template.intrinsics import Resolver, UnresolvedError
from local.stack.template.template import REGION, Template

PUT_SOURCE = "events:source"
"""The condition key for the source of an event that is put on a bus."""

IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""A transaction needs the rights of its parts, and none of its own [D "Using IAM with DynamoDB
transactions"].
"""

KEY_ID = 36
"""The length of a key's id, which is a UUID."""

FOR_ALL = {"sts:GetCallerIdentity"}
"""Actions that IAM allows everybody [D]."""


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one resource, as IAM names both.

    Attributes:
        action: Such as ``sqs:SendMessage``.
        resource: An ARN, or ``*``.
        source: The source of an event that is put, otherwise empty.
    """

    action: str
    resource: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One action that a statement allows on one resource; both may contain wildcards.

    Attributes:
        action: Such as ``dynamodb:*``.
        resource: An ARN, perhaps with wildcards.
        source: The only source of events that may be put; empty if the statement names none.
    """

    action: str
    resource: str
    source: str = ""

    def covers(self, call: Call) -> bool:
        """Return whether this grant allows the call."""
        fits = _pattern(self.action.lower()).fullmatch(call.action.lower()) and _pattern(
            self.resource
        ).fullmatch(call.resource)
        return bool(fits) and self.source in {"", call.source}


class Rights:
    """The policies of one deployed template, and a record of who has done what.

    Attributes:
        granted: The grants of each function and each managed policy, by logical id.
        done: The calls that each caller has made and was allowed.
        denied: The calls that each caller was refused.
    """

    def __init__(self, granted: Mapping[str, Iterable[Grant]]) -> None:
        """Take the grants of each function and each managed policy, by logical id."""
        self.granted = {who: tuple(grants) for who, grants in granted.items()}
        self.done: defaultdict[str, set[Call]] = defaultdict(set)
        self.denied: defaultdict[str, set[Call]] = defaultdict(set)

    def knows(self, who: str) -> bool:
        """Return whether the template says what this caller may do."""
        return all(part in self.granted for part in who.split("."))

    def refusal(self, who: str, calls: Iterable[Call]) -> Reply | None:
        """Record the calls of one request; return AWS's answer if one of them is not granted, else
        None.
        """
        for call in calls:
            if call not in self.done[who]:
                if not self._may(who, call):
                    self.denied[who].add(call)
                    return _denied(who, call)
                self.done[who].add(call)
        return None

    def unused(self, who: str) -> list[Grant]:
        """Return the grants that have not been used so far."""
        return [grant for grant in self.granted[who] if not any(map(grant.covers, self.done[who]))]

    def _may(self, who: str, call: Call) -> bool:
        return call.action in FOR_ALL or any(
            grant.covers(call) for part in who.split(".") for grant in self.granted[part]
        )


def rights_of(template: Template, resolver: Resolver) -> Rights:
    """Return the rights that a template grants. Raises `UnresolvedError` for a policy that the
    laptop cannot check.
    """
    managed = {
        name: list(_grants(name, resource["Properties"]["PolicyDocument"], resolver))
        for name, resource in template.of_type("AWS::IAM::ManagedPolicy", resolver).items()
    }
    attached: dict[str, list[Grant]] = defaultdict(list)
    for name, resource in template.of_type("AWS::IAM::Policy", resolver).items():
        for role in resource["Properties"]["Roles"]:
            attached[_named(name, role)] += _grants(
                name, resource["Properties"]["PolicyDocument"], resolver
            )
    granted = dict(managed)
    for name, function in template.of_type("AWS::Lambda::Function", resolver).items():
        role = template.resources[_named(name, function["Properties"]["Role"])]["Properties"]
        own = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        granted[name] = [grant for document in own for grant in _grants(name, document, resolver)]
        granted[name] += attached.get(_named(name, function["Properties"]["Role"]), [])
        for policy in role.get("ManagedPolicyArns", []):
            granted[name] += (
                managed.get(policy.get("Ref", ""), []) if isinstance(policy, dict) else []
            )
    return Rights(granted)


def calls_of(service: str, operation: str, body: bytes, account: str) -> Iterator[Call]:
    """Yield the actions and resources that IAM checks for one request of an AWS service."""
    place = f"{REGION}:{account}"
    given: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
    if service == "dynamodb":
        for action, table in _on_tables(operation, given):
            yield Call(f"dynamodb:{action}", f"arn:aws:dynamodb:{place}:table/{table}")
    elif service == "sqs":
        queue = given.get("QueueName") or str(given.get("QueueUrl", "*")).rpartition("/")[2]
        yield Call(f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{place}:{queue}")
    elif service == "events" and operation == "PutEvents":
        for entry in given["Entries"]:
            bus = f"arn:aws:events:{place}:event-bus/{entry.get('EventBusName', 'default')}"
            yield Call("events:PutEvents", bus, entry.get("Source", ""))
    elif service == "secretsmanager":
        name = str(given.get("SecretId", "*"))
        arn = (
            name
            if name.startswith("arn:")
            else f"arn:aws:secretsmanager:{place}:secret:{name}-AbCdEf"
        )
        yield Call(f"secretsmanager:{operation}", arn)
    elif service == "sns":
        topic = parse_qs(body.decode()).get("TopicArn", ["*"])[0]
        yield Call(f"sns:{operation or _query_action(body)}", topic)
    elif service == "monitoring":
        yield Call(f"cloudwatch:{operation or _query_action(body)}", "*")
    elif service == "kms":
        yield Call(f"kms:{operation}", str(given.get("KeyId") or _encryption_key(given, place)))
    else:
        yield Call(f"{service}:{operation or _query_action(body)}", "*")


def _on_tables(operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        yield from ((operation, table) for table in given["RequestItems"])
    elif operation in {"TransactWriteItems", "TransactGetItems"}:
        for part in given["TransactItems"]:
            ((kind, item),) = part.items()
            yield IN_TRANSACTIONS[kind], item["TableName"]
    elif operation == "BatchExecuteStatement":
        yield from (("PartiQLUpdate", update.table) for update in updates_of(given))
    else:
        yield operation, given.get("TableName", "*")


def _encryption_key(given: Mapping[str, Any], place: str) -> str:
    """Return the ARN of the key that encrypted a text to be decrypted; moto writes its id before
    the text.
    """
    sealed = base64.b64decode(given.get("CiphertextBlob", ""))
    return f"arn:aws:kms:{place}:key/{sealed[:KEY_ID].decode(errors='replace')}" if sealed else "*"


def _query_action(body: bytes) -> str:
    """Return the operation of a request in the older protocol, which names it in a form field."""
    found = re.search(rb"(?:^|&)Action=(\w+)", body)
    return found[1].decode() if found else ""


def _grants(owner: str, document: Mapping[str, Any], resolver: Resolver) -> Iterator[Grant]:
    for statement in resolver.resolve(document["Statement"]):
        if statement["Effect"] != "Allow" or {"NotAction", "NotResource"} & set(statement):
            raise UnresolvedError(
                f"{owner}: the laptop stack knows policies that allow what they name, and no others"
            )
        sources = _allowed_sources(owner, statement.get("Condition", {}))
        for action in _as_list(statement["Action"]):
            for resource in _as_list(statement["Resource"]):
                yield from (Grant(action, resource, source) for source in sources)


def _allowed_sources(owner: str, condition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sources that a condition allows; one empty source if there is no condition."""
    if not condition:
        return ("",)
    ((operator, tested),) = condition.items() if len(condition) == 1 else (("", {}),)
    if operator in {"StringEquals", "StringEqualsIfExists"} and set(tested) == {PUT_SOURCE}:
        return tuple(_as_list(tested[PUT_SOURCE]))
    raise UnresolvedError(f"{owner}: the laptop stack does not know the condition {condition}")


def _named(owner: str, role: Any) -> str:
    match role:
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
            return name
    raise UnresolvedError(
        f"{owner}: the laptop stack knows roles of the template only, not {role!r}"
    )


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@cache
def _pattern(written: str) -> re.Pattern[str]:
    """Return the expression for a text with IAM's two wildcards."""
    return re.compile(re.escape(written).replace(r"\*", ".*").replace(r"\?", "."))


def _denied(who: str, call: Call) -> Reply:
    text = f"User: {who} is not authorized to perform: {call.action} on resource: {call.resource}"
    content = {"__type": "AccessDeniedException", "message": text, "Message": text}
    return Reply(400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode())

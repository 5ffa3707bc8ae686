"""Who may do what on the laptop: a call is held against the policies of its caller, as IAM does,
and noted.

Law: the template alone says what is granted. A function has the policies of its role. Whoever signs
with the logical id of a managed policy as the access key, or with several joined by dots, has the
rights of these and no others: so is tried what an operator can do with them. All other callers may
do everything.

Of IAM this knows what the template uses: allowing statements, their wildcards, and the one
condition in `_holds`. What else a template says is refused with a sentence. AWS's own managed
policies grant nothing here: what they allow, Lambda itself does for its functions.
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

from local.stack.intrinsics import Resolver, UnresolvedError
from local.stack.tables import Reply
from local.stack.template import REGION, Template

PUT_SOURCE = "events:source"
"""The condition key of the source that an event is put under."""

IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""A transaction needs the rights of its parts and none of its own [D "Using IAM with DynamoDB
transactions"].
"""

KEY_ID = 36
"""How long the id of a key is, a UUID."""

FOR_ALL = {"sts:GetCallerIdentity"}
"""What IAM grants to everybody [D]."""


@dataclass(frozen=True, slots=True)
class Call:
    """One action on one resource, as IAM names both; the source of an event that is put."""

    action: str
    resource: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One action that a statement allows on one resource, perhaps with wildcards; for events of one
    source alone where it names any.
    """

    action: str
    resource: str
    source: str = ""

    def covers(self, call: Call) -> bool:
        """Whether the call is allowed by this."""
        fits = _pattern(self.action.lower()).fullmatch(call.action.lower()) and _pattern(
            self.resource
        ).fullmatch(call.resource)
        return bool(fits) and self.source in {"", call.source}


class Rights:
    """The policies of one deployed template, and what was done by whom."""

    def __init__(self, granted: Mapping[str, Iterable[Grant]]) -> None:
        """Take what is granted to each function and with each managed policy, by logical id."""
        self.granted = {who: tuple(grants) for who, grants in granted.items()}
        self.done: defaultdict[str, set[Call]] = defaultdict(set)
        """The calls that each has made and was allowed."""
        self.denied: defaultdict[str, set[Call]] = defaultdict(set)

    def knows(self, who: str) -> bool:
        """Whether the template says what this caller may do."""
        return all(part in self.granted for part in who.split("."))

    def refusal(self, who: str, calls: Iterable[Call]) -> Reply | None:
        """Note the calls of one request; AWS's answer where one of them is not granted, and then
        nothing is done.
        """
        for call in calls:
            if call not in self.done[who]:
                if not self._may(who, call):
                    self.denied[who].add(call)
                    return _denied(who, call)
                self.done[who].add(call)
        return None

    def unused(self, who: str) -> list[Grant]:
        """What is granted and was not used so far."""
        return [grant for grant in self.granted[who] if not any(map(grant.covers, self.done[who]))]

    def _may(self, who: str, call: Call) -> bool:
        return call.action in FOR_ALL or any(
            grant.covers(call) for part in who.split(".") for grant in self.granted[part]
        )


def rights_of(template: Template, resolver: Resolver) -> Rights:
    """The rights that a template gives. Raises `UnresolvedError` for what the laptop cannot hold a
    call against.
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
    """What IAM asks of a request of one AWS service."""
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
    elif service == "kms":
        yield Call(f"kms:{operation}", str(given.get("KeyId") or _sealed_with(given, place)))
    else:
        yield Call(f"{service}:{operation or _query_action(body)}", "*")


def _on_tables(operation: str, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        yield from ((operation, table) for table in given["RequestItems"])
    elif operation in {"TransactWriteItems", "TransactGetItems"}:
        for part in given["TransactItems"]:
            ((kind, item),) = part.items()
            yield IN_TRANSACTIONS[kind], item["TableName"]
    else:
        yield operation, given.get("TableName", "*")


def _sealed_with(given: Mapping[str, Any], place: str) -> str:
    """The key of a text that is to be opened, which moto writes in front of it."""
    sealed = base64.b64decode(given.get("CiphertextBlob", ""))
    return f"arn:aws:kms:{place}:key/{sealed[:KEY_ID].decode(errors='replace')}" if sealed else "*"


def _query_action(body: bytes) -> str:
    """The operation of a request in the older form, which names it in a form field."""
    found = re.search(rb"(?:^|&)Action=(\w+)", body)
    return found[1].decode() if found else ""


def _grants(owner: str, document: Mapping[str, Any], resolver: Resolver) -> Iterator[Grant]:
    for statement in resolver.resolve(document["Statement"]):
        if statement["Effect"] != "Allow" or {"NotAction", "NotResource"} & set(statement):
            raise UnresolvedError(
                f"{owner}: the laptop stack knows policies that allow what they name, and no others"
            )
        sources = _holds(owner, statement.get("Condition", {}))
        for action in _many(statement["Action"]):
            for resource in _many(statement["Resource"]):
                yield from (Grant(action, resource, source) for source in sources)


def _holds(owner: str, condition: Mapping[str, Any]) -> tuple[str, ...]:
    """The sources that a condition allows events to have; one that is empty where there is no
    condition.
    """
    if not condition:
        return ("",)
    ((operator, tested),) = condition.items() if len(condition) == 1 else (("", {}),)
    if operator in {"StringEquals", "StringEqualsIfExists"} and set(tested) == {PUT_SOURCE}:
        return tuple(_many(tested[PUT_SOURCE]))
    raise UnresolvedError(f"{owner}: the laptop stack does not know the condition {condition}")


def _named(owner: str, role: Any) -> str:
    match role:
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
            return name
    raise UnresolvedError(
        f"{owner}: the laptop stack knows roles of the template only, not {role!r}"
    )


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


@cache
def _pattern(written: str) -> re.Pattern[str]:
    """IAM's two wildcards."""
    return re.compile(re.escape(written).replace(r"\*", ".*").replace(r"\?", "."))


def _denied(who: str, call: Call) -> Reply:
    text = f"User: {who} is not authorized to perform: {call.action} on resource: {call.resource}"
    content = {"__type": "AccessDeniedException", "message": text, "Message": text}
    return Reply(400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode())

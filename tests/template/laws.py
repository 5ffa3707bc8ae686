"""The laws of template.yaml. Each law takes a template and returns its complaints; no complaint
means that it is kept.

Only laws about the template by itself belong here; the other modules of this folder compare it with
the tree and the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.template.document import (
    FOUND_BY_POLLS,
    QUEUE,
    ROOT,
    SHORT_LIVED,
    Template,
    spread,
    target,
)

Law = Callable[[Template], list[str]]

OURS = "crmsync"
KINDS = ("Contact", "Account", "Opportunity", "Activity")
FORTNIGHT = 14 * 24 * 3600
QUARTER = 15 * 60
HEADER_ONLY = {"source": "$.source", "header": "$.detail.payload.ChangeEventHeader"}
BLOCK = ("Description", "CodeUri", "Handler", "MemorySize", "Timeout", "ReservedConcurrentExecutions", "LoggingConfig",
         "FunctionUrlConfig", "EventInvokeConfig", "Events", "Role", "Environment", "RecursiveLoop")  # fmt: skip


def functions_log_with_retention(template: Template) -> list[str]:
    """Every function logs into a group of its own, which has a retention period."""
    groups = template.of_type("AWS::Logs::LogGroup")
    used = [
        target(function.get("LoggingConfig", {}).get("LogGroup"))
        for function in template.functions.values()
    ]
    complaints = [
        f"{name}: logs into no group of this template"
        for name, group in zip(template.functions, used, strict=True)
        if group not in groups
    ]
    complaints += [
        f"{group}: shared by functions"
        for group in sorted(set(used) & set(groups))
        if used.count(group) > 1
    ]
    return complaints + [
        f"{name}: keeps logs for ever"
        for name, group in groups.items()
        if "RetentionInDays" not in group
    ]


def functions_run_on_one_runtime(template: Template) -> list[str]:
    """Python 3.13 on the architecture of the parameter, arm64 by default, defined once for all
    functions.
    """
    shared = template.body["Globals"]["Function"]
    complaints = (
        [] if shared.get("Runtime") == "python3.13" else ["Globals: runtime is not python3.13"]
    )
    if shared.get("Architectures") != [{"Ref": "Architecture"}]:
        complaints.append("Globals: architecture is not the parameter's")
    if template.body["Parameters"].get("Architecture", {}).get("Default") != "arm64":
        complaints.append("Architecture: default is not arm64")
    for name, layer in template.of_type("AWS::Serverless::LayerVersion").items():
        made = template.body["Resources"][name]["Metadata"]
        where = (made["BuildArchitecture"], made["ContextPath"])
        if made["BuildMethod"] != "makefile" or where != (
            {"Ref": "Architecture"},
            {"Fn::Sub": "layers/build/${Architecture}"},
        ):
            complaints.append(
                f"{name}: not built for the functions' architecture with hashes checked"
            )
        if layer.get("CompatibleRuntimes") != ["python3.13"]:
            complaints.append(f"{name}: not for python3.13")
    own = ("Runtime", "Architectures")
    return complaints + [
        f"{name}: has its own {key}"
        for name, it in template.functions.items()
        for key in own
        if key in it
    ]


def functions_have_limited_concurrency(template: Template) -> list[str]:
    """Concurrency is limited, because both CRMs have quotas and the webhook is open to anybody."""
    bounded = {
        name
        for name, event, _ in template.sqs_events()
        if event.get("ScalingConfig", {}).get("MaximumConcurrency")
    }
    bounded |= {
        name
        for name, function in template.functions.items()
        if "ReservedConcurrentExecutions" in function
    }
    return [
        f"{name}: runs as often as it likes" for name in template.functions if name not in bounded
    ]


def functions_have_memory_and_timeout(template: Template) -> list[str]:
    """Memory and timeout are chosen, not left to a default."""
    return [
        f"{name}: no {key}"
        for name, it in template.functions.items()
        for key in ("MemorySize", "Timeout")
        if key not in it
    ]


def functions_are_written_in_one_order(template: Template) -> list[str]:
    """The blocks of all functions have the same order."""
    complaints = []
    for name, function in template.functions.items():
        unknown = [key for key in function if key not in BLOCK]
        if unknown or list(function) != sorted(
            function, key=lambda key: BLOCK.index(key) if key in BLOCK else len(BLOCK)
        ):
            complaints.append(f"{name}: not in the order {', '.join(BLOCK)}")
    return complaints


def functions_raise_alarms(template: Template) -> list[str]:
    """Errors and throttles of every function raise an alarm."""
    watched = _watched(template)
    metrics = ("Errors", "Throttles")
    return [
        f"{name}: no alarm on {metric}"
        for name in template.functions
        for metric in metrics
        if (metric, name) not in watched
    ]


def alarms_reach_the_topic(template: Template) -> list[str]:
    """An alarm says what it means, and notifies the topic."""
    complaints = []
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        if alarm.get("AlarmActions") != [{"Ref": "AlarmTopic"}]:
            complaints.append(f"{name}: does not go to AlarmTopic")
        if not alarm.get("AlarmDescription"):
            complaints.append(f"{name}: does not say what it means")
    return complaints


def alarms_name_a_runbook(template: Template) -> list[str]:
    """The last sentence of an alarm's description is the line of the runbook: the heading of the
    operations page to which the alarm's row on the page of alarms links, or the section in which
    that row stands.
    """
    rows = runbook_rows()
    complaints = []
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        row = rows.get(name)
        read = re.search(
            r" See docs/(?:(operations)|metrics-and-alarms)\.md#([a-z-]+)\.$",
            alarm["AlarmDescription"],
        )
        if row is None:
            complaints.append(f"{name}: has no row on the page of alarms")
        elif not read or read[2] != (row.link if read[1] else row.section):
            complaints.append(f"{name}: names no line of the runbook")
    return complaints


def alarms_watch_what_is_counted(template: Template) -> list[str]:
    """An alarm on a metric of the product watches the metrics of the template's functions."""
    services = {
        function.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_SERVICE_NAME")
        for function in template.functions.values()
    }
    return [
        f"{name}: watches a metric that no function counts"
        for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items()
        for metric in metrics_of(alarm)
        if metric["Namespace"] == OURS
        and [(one["Name"], one["Value"] in services) for one in metric["Dimensions"]]
        != [("service", True)]
    ]


def metrics_of(alarm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The metrics that an alarm watches: its own, or those of its expression."""
    if "Metrics" in alarm:
        return [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]
    return [alarm]


@dataclass(frozen=True, slots=True)
class RunbookRow:
    """The row of an alarm on the page of alarms.

    Attributes:
        section: The anchor of the section in which it stands.
        link: The anchor of the operations page that it links to; "" if there is none.
    """

    section: str
    link: str


def runbook_rows() -> dict[str, RunbookRow]:
    """The rows of the page of alarms, by the alarm's logical id. A link counts if the operations
    page has the heading.
    """
    docs = ROOT / "docs"
    headings = set(_anchors((docs / "operations.md").read_text(encoding="utf-8")))
    rows: dict[str, RunbookRow] = {}
    section = ""
    for line in (docs / "metrics-and-alarms.md").read_text(encoding="utf-8").splitlines():
        section = next(iter(_anchors(line)), section)
        name = re.match(r"\| `([\w<>]+Alarm)` \|", line)
        links = re.findall(r"\(operations\.md#([a-z-]+)\)", line)
        if name:
            row = RunbookRow(section, links[0] if links and links[0] in headings else "")
            rows |= {name[1].replace("<Kind>", kind): row for kind in KINDS}
    return rows


def _anchors(text: str) -> list[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found]


def queues_have_dead_letters(template: Template) -> list[str]:
    """Every queue gives up in the end, into a queue that keeps messages for the longest time and
    raises an alarm, or forgets within minutes what a poll finds as well.
    """
    queues, watched = template.of_type(QUEUE), _watched(template)
    dead = _dead_letter_queues(template)
    complaints = [
        f"{name}: no dead letters"
        for name, queue in queues.items()
        if name not in {*dead, *FOUND_BY_POLLS} and "RedrivePolicy" not in queue
    ]
    complaints += [
        f"{name}: keeps for hours what a poll finds within a minute"
        for name in FOUND_BY_POLLS
        if queues[name].get("MessageRetentionPeriod", FORTNIGHT) > QUARTER
    ]
    for name in dead:
        if name not in queues:
            complaints.append(f"{name}: dead letters lead nowhere")
            continue
        if queues[name].get("MessageRetentionPeriod") != FORTNIGHT:
            complaints.append(f"{name}: does not keep dead letters for a fortnight")
        if ("ApproximateNumberOfMessagesVisible", name) not in watched:
            complaints.append(f"{name}: no alarm on dead letters")
    return complaints


def queues_hide_messages_long_enough(template: Template) -> list[str]:
    """A batch in work is not delivered again: the visibility timeout is at least six times the
    function's timeout.
    """
    queues = template.of_type(QUEUE)
    return [
        f"{queue}: visible after {queues[queue].get('VisibilityTimeout', 30)} s, {name} takes up to {template.functions[name]['Timeout']} s"
        for name, _, queue in template.sqs_events()
        if queues[queue].get("VisibilityTimeout", 30) < 6 * template.functions[name]["Timeout"]
    ]


def queues_alarm_when_messages_wait(template: Template) -> list[str]:
    """A queue whose messages wait too long raises an alarm."""
    watched = _watched(template)
    return [
        f"{queue}: no alarm on age"
        for _, _, queue in template.sqs_events()
        if ("ApproximateAgeOfOldestMessage", queue) not in watched
    ]


def batches_fail_in_part(template: Template) -> list[str]:
    """One failing message does not bring back the other messages of its batch."""
    return [
        f"{name}: a batch fails as a whole"
        for name, event, _ in template.sqs_events()
        if event.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]
    ]


def retries_outlast_throttling(template: Template) -> list[str]:
    """With limited concurrency a message may be received and not processed; five receives leave
    room for that.
    """
    return [
        f"{queue}: gives up after {policy.get('maxReceiveCount')} receives"
        for _, _, queue in template.sqs_events()
        if queue not in FOUND_BY_POLLS
        for policy in [template.of_type(QUEUE)[queue].get("RedrivePolicy", {})]
        if policy.get("maxReceiveCount", 0) < 5
    ]


def rules_keep_what_they_cannot_deliver(template: Template) -> list[str]:
    """Every target of a rule of our own bus, and of AWS's events about the stack on the account's
    bus, has a dead letter queue; a rule of another bus names it in the spelling that every
    deployment tool understands.
    """
    complaints = []
    for name, rule in template.of_type("AWS::Events::Rule").items():
        if is_without_values(rule):
            complaints += [
                f"{name}: target without dead letters"
                for it in rule["Targets"]
                if not target(it.get("DeadLetterConfig", {}).get("Arn"))
            ]
        if "Fn::GetAtt" not in rule.get("EventBusName", {"Fn::GetAtt": "the account's bus"}):
            complaints.append(f"{name}: EventBusName is not !GetAtt")
    return complaints


def events_with_values_are_not_kept(template: Template) -> list[str]:
    """No event with values is kept: a rule of a partner's bus passes on its header only, and neither
    such a rule nor a function keeps what it failed to handle. An alarm reports each.
    """
    watched = _watched(template)
    complaints = []
    for name, rule in template.of_type("AWS::Events::Rule").items():
        if is_without_values(rule):
            continue
        if any("DeadLetterConfig" in it for it in rule["Targets"]):
            complaints.append(f"{name}: keeps events")
        if any(
            it.get("InputTransformer", {}).get("InputPathsMap") != HEADER_ONLY
            for it in rule["Targets"]
        ):
            complaints.append(f"{name}: passes on more than the header of an event")
        if ("FailedInvocations", target(rule.get("Name"))) not in watched:
            complaints.append(f"{name}: no alarm on what it cannot deliver")
    for name, function in template.functions.items():
        if (
            "DestinationConfig" in function.get("EventInvokeConfig", {})
            or "DeadLetterQueue" in function
        ):
            complaints.append(f"{name}: keeps events")
        if "EventInvokeConfig" in function and ("AsyncEventsDropped", name) not in watched:
            complaints.append(f"{name}: no alarm on what it gives up")
    return complaints


def is_without_values(rule: Mapping[str, Any]) -> bool:
    """Whether the events of a rule hold no values of records: our own, and AWS's on the account's
    bus.
    """
    sources = rule["EventPattern"].get("source", ())
    is_ours = target(rule.get("EventBusName")) == "ChangeBus"
    return is_ours or ("EventBusName" not in rule and sources == ["aws.cloudwatch"])


def tables_and_keys_outlive_the_stack(template: Template) -> list[str]:
    """Tables and keys outlive the stack, except short-lived ones; they do not outlive a first
    deployment that failed, as their names are fixed.
    """
    kept = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    kinds = ("AWS::DynamoDB::Table", "AWS::SecretsManager::Secret")
    return [
        f"{name}: {key} is not {value}"
        for kind in kinds
        for name in template.of_type(kind).keys() - SHORT_LIVED
        for key, value in kept.items()
        if template.body["Resources"][name].get(key) != value
    ]


def a_new_account_can_deploy(template: Template) -> list[str]:
    """No concurrency is reserved by default: a new AWS account may have a quota of 10, and then
    refuses the first reservation.
    """
    complaints = [
        f"{name}: reserves whatever the parameter says"
        for name, function in template.functions.items()
        if function.get("ReservedConcurrentExecutions", {"Fn::If": ["ReservesConcurrency"]})[
            "Fn::If"
        ][0]
        != "ReservesConcurrency"
    ]
    default = template.body["Parameters"]["ReserveConcurrency"]["Default"]
    return complaints + ([] if default == "no" else ["ReserveConcurrency: default is not no"])


def two_stacks_fit_in_an_account(template: Template) -> list[str]:
    """Every fixed name contains the stack's name; by default SAM names a schedule after its
    function alone.
    """
    fixed = (
        "Name",
        "QueueName",
        "TableName",
        "TopicName",
        "LogGroupName",
        "FunctionName",
        "AlarmName",
        "RoleName",
    )
    complaints = [
        f"{name}: {key} is the same in every stack"
        for name, resource in template.body["Resources"].items()
        for key in fixed
        if isinstance(resource.get("Properties", {}).get(key), str)
    ]
    return complaints + [
        f"{name}: the schedule {event} is called the same in every stack"
        for name, function in template.functions.items()
        for event, given in function.get("Events", {}).items()
        if given["Type"] == "ScheduleV2" and given["Properties"].get("OmitName") is not True
    ]


def tables_can_be_restored(template: Template) -> list[str]:
    """Tables are encrypted, paid per request, and can be restored to any second; a short-lived one
    expires its items and cannot be restored.
    """
    complaints = []
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        backup = table.get("PointInTimeRecoverySpecification")
        wanted = (
            (
                "cannot be restored",
                name in SHORT_LIVED or backup == {"PointInTimeRecoveryEnabled": True},
            ),
            (
                "does not forget",
                name not in SHORT_LIVED or (backup is None and "TimeToLiveSpecification" in table),
            ),
            (
                "is not encrypted",
                all(one.get("SSEEnabled") for one in spread(table.get("SSESpecification", {}))),
            ),
            (
                "cannot be protected",
                name in SHORT_LIVED
                or table.get("DeletionProtectionEnabled")
                == {"Fn::If": ["ProtectsTables", True, False]},
            ),
            ("is not paid by use", table.get("BillingMode") == "PAY_PER_REQUEST"),
        )
        complaints += [f"{name}: {fault}" for fault, fine in wanted if not fine]
    return complaints


def parameters_explain_themselves(template: Template) -> list[str]:
    """Every parameter and output has a description, and no parameter takes a secret."""
    named = {**template.body["Parameters"], **template.body["Outputs"]}
    complaints = [
        f"{name}: no description" for name, it in named.items() if not it.get("Description")
    ]
    return complaints + [
        f"{name}: takes a secret"
        for name, it in template.body["Parameters"].items()
        if it.get("NoEcho")
    ]


LAWS: tuple[Law, ...] = (
    functions_log_with_retention,
    functions_run_on_one_runtime,
    functions_have_limited_concurrency,
    functions_have_memory_and_timeout,
    functions_are_written_in_one_order,
    functions_raise_alarms,
    alarms_reach_the_topic,
    alarms_name_a_runbook,
    alarms_watch_what_is_counted,
    queues_have_dead_letters,
    queues_hide_messages_long_enough,
    queues_alarm_when_messages_wait,
    batches_fail_in_part,
    retries_outlast_throttling,
    rules_keep_what_they_cannot_deliver,
    events_with_values_are_not_kept,
    tables_and_keys_outlive_the_stack,
    a_new_account_can_deploy,
    two_stacks_fit_in_an_account,
    tables_can_be_restored,
    parameters_explain_themselves,
)


def _watched(template: Template) -> set[tuple[str, str]]:
    """Return the metrics with an alarm, each with the resource's logical id or the name that the
    template gives it.
    """
    return {
        (metric["MetricName"], target(dimension["Value"]))
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        for metric in metrics_of(alarm)
        for dimension in metric["Dimensions"]
    }


def _dead_letter_queues(template: Template) -> list[str]:
    """Return the queues that a redrive policy, a dead-letter configuration or a failure destination
    names.
    """
    found: set[str] = set()

    def search(value: Any) -> None:
        if isinstance(value, dict):
            found.update(
                target(value[key]) for key in ("deadLetterTargetArn", "Destination") if key in value
            )
            if "DeadLetterConfig" in value:
                found.add(target(value["DeadLetterConfig"].get("Arn")))
        for inner in (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        ):
            search(inner)

    search(template.body["Resources"])
    return sorted(found - {""})

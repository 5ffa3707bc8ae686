"""The laws of template.yaml are kept, and each law notices a breach."""

from __future__ import annotations

import pytest

from tests.template import laws, laws_of_rights
from tests.template.document import Template, template_of_the_repository
from tests.template.laws import Law

LAWS = laws.LAWS + laws_of_rights.LAWS

# Law -> what to replace in template.yaml so that it is broken.
BREACHES: tuple[tuple[Law, str, str], ...] = (
    (laws.functions_log_with_retention, "      RetentionInDays: !Ref LogRetentionDays\n", ""),
    (
        laws.functions_log_with_retention,
        "LogGroup: !Ref ContactSyncLogGroup",
        "LogGroup: !Ref HubspotSweepLogGroup",
    ),
    (laws.functions_run_on_one_runtime, "Runtime: python3.13", "Runtime: python3.12"),
    (laws.functions_run_on_one_runtime, "BuildMethod: makefile", "BuildMethod: python3.13"),
    (laws.functions_run_on_one_runtime, "Default: arm64", "Default: x86_64"),
    (
        laws.functions_run_on_one_runtime,
        "BuildArchitecture: !Ref Architecture",
        "BuildArchitecture: arm64",
    ),
    (
        laws.functions_have_limited_concurrency,
        "            ScalingConfig: {MaximumConcurrency: 5}\n",
        "",
    ),
    (
        laws.functions_have_limited_concurrency,
        "      ReservedConcurrentExecutions: !If [ReservesConcurrency, 1, !Ref AWS::NoValue]\n",
        "",
    ),
    (laws.functions_have_memory_and_timeout, "      MemorySize: 512\n", ""),
    (
        laws.functions_are_written_in_one_order,
        "      Timeout: 120\n",
        "      Timeout: 120\n      Tracing: Active\n",
    ),
    (laws.functions_raise_alarms, "MetricName: Throttles", "MetricName: Invocations"),
    (laws.alarms_reach_the_topic, "      AlarmActions: [!Ref AlarmTopic]\n", ""),
    (
        laws.alarms_name_a_runbook,
        "docs/operations.md#a-crm-refuses-us",
        "docs/operations.md#no-such",
    ),
    (
        laws.alarms_name_a_runbook,
        "docs/metrics-and-alarms.md#the-way-in",
        "docs/metrics-and-alarms.md#the-sync",
    ),
    (laws.alarms_name_a_runbook, "  BackfillAgeAlarm:", "  BackfillOldAlarm:"),
    (
        laws.alarms_watch_what_is_counted,
        "Name: service, Value: contact_sync",
        "Name: service, Value: contacts",
    ),
    (laws.queues_have_dead_letters, "RedrivePolicy:", "Tags:"),
    (laws.queues_have_dead_letters, "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"),
    (
        laws.queues_have_dead_letters,
        "MessageRetentionPeriod: 1209600",
        "MessageRetentionPeriod: 60",
    ),
    (laws.queues_hide_messages_long_enough, "VisibilityTimeout: 720", "VisibilityTimeout: 719"),
    (laws.queues_alarm_when_messages_wait, "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"),
    (
        laws.batches_fail_in_part,
        "            FunctionResponseTypes: [ReportBatchItemFailures]\n",
        "",
    ),
    (laws.retries_outlast_throttling, "maxReceiveCount: 5", "maxReceiveCount: 4"),
    (
        laws.rules_keep_what_they_cannot_deliver,
        "          DeadLetterConfig: {Arn: !GetAtt ContactDeadLetters.Arn}\n",
        "",
    ),
    (
        laws.events_with_values_are_not_kept,
        "          # An event holds values of the record.",
        "          DeadLetterConfig: {Arn: !GetAtt ContactDeadLetters.Arn}\n          #",
    ),
    (
        laws.events_with_values_are_not_kept,
        "header: $.detail.payload.ChangeEventHeader",
        "header: $.detail.payload",
    ),
    (
        laws.queues_have_dead_letters,
        "MessageRetentionPeriod: 900",
        "MessageRetentionPeriod: 7200",
    ),
    (
        laws.events_with_values_are_not_kept,
        "        MaximumRetryAttempts: 2\n",
        "        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt ContactDeadLetters.Arn}}\n",
    ),
    (
        laws.events_with_values_are_not_kept,
        "MetricName: AsyncEventsDropped",
        "MetricName: AsyncEventAge",
    ),
    (
        laws.events_with_values_are_not_kept,
        "MetricName: FailedInvocations",
        "MetricName: Invocations",
    ),
    (
        laws_of_rights.operators_see_every_queue,
        "              - !GetAtt SalesforceEventQueue.Arn\n",
        "",
    ),
    (
        laws_of_rights.requests_need_tls,
        "[!GetAtt BackfillQueue.Arn, !GetAtt BackfillDeadLetters.Arn]",
        "[!GetAtt BackfillQueue.Arn]",
    ),
    (
        laws_of_rights.requests_need_tls,
        "            Action: sns:Publish\n            Resource: !Ref AlarmTopic\n            Condition:\n              Bool",
        "            Action: sns:Publish\n            Resource: !Ref AlarmTopic\n            Condition:\n              Null",
    ),
    (
        laws_of_rights.everything_is_encrypted_with_the_chosen_key,
        "      KmsKeyId: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
        "",
    ),
    (
        laws_of_rights.everything_is_encrypted_with_the_chosen_key,
        "SSEType: KMS, KMSMasterKeyId: !Ref KmsKeyArn",
        "SSEType: KMS",
    ),
    (
        laws_of_rights.everything_is_encrypted_with_the_chosen_key,
        "    KmsKeyArn: !If [HasKmsKey, !Ref KmsKeyArn, !Ref AWS::NoValue]\n",
        "",
    ),
    (
        laws.tables_can_be_restored,
        "      DeletionProtectionEnabled: !If [ProtectsTables, true, false]\n",
        "",
    ),
    (
        laws.rules_keep_what_they_cannot_deliver,
        "EventBusName: !GetAtt ChangeBus.Name",
        "EventBusName: !Ref ChangeBus",
    ),
    (
        laws_of_rights.policies_name_actions_and_resources,
        "Resource: !GetAtt StateTable.Arn",
        'Resource: "*"',
    ),
    (
        laws_of_rights.policies_name_actions_and_resources,
        "Resource: !GetAtt LinksTable.Arn",
        "Resource: !Sub ${LinksTable.Arn}*",
    ),
    (
        laws_of_rights.policies_name_actions_and_resources,
        "Action: events:PutEvents",
        "Action: events:*",
    ),
    (
        laws_of_rights.policies_name_actions_and_resources,
        "secret:${SecretPrefix}*${HubspotSecretSuffix}-",
        "secret:*-",
    ),
    (
        laws_of_rights.roles_are_in_the_template,
        "            RoleArn: !GetAtt ScheduleRole.Arn\n",
        "",
    ),
    (
        laws_of_rights.roles_are_in_the_template,
        "[!Ref FunctionPolicy]",
        "[arn:aws:iam::aws:policy/AmazonSQSFullAccess]",
    ),
    (
        laws_of_rights.roles_are_in_the_template,
        "      PermissionsBoundary: !If [HasPermissionsBoundary, !Ref PermissionsBoundary, !Ref AWS::NoValue]\n",
        "",
    ),
    (
        laws_of_rights.each_function_has_its_own_role,
        "Role: !GetAtt BackfillFunctionRole.Arn",
        "Role: !GetAtt EmailTasksFunctionRole.Arn",
    ),
    (
        laws_of_rights.each_function_has_its_own_role,
        "{Service: lambda.amazonaws.com}",
        "{Service: ec2.amazonaws.com}",
    ),
    (laws_of_rights.policies_open_to_services_name_the_source, "aws:SourceArn", "aws:PrincipalArn"),
    (
        laws_of_rights.policies_open_to_services_name_the_source,
        "aws:SourceAccount",
        "aws:PrincipalAccount",
    ),
    (
        laws_of_rights.policies_open_to_services_name_the_source,
        "events:source:",
        "events:detail-type:",
    ),
    (
        laws_of_rights.policies_have_a_reason_above,
        "              # The key that the bases in LinksTable are hashed with.\n",
        "",
    ),
    (
        laws_of_rights.policies_have_a_reason_above,
        "          # Nobody speaks to it in clear.\n",
        "",
    ),
    (
        laws.tables_and_keys_outlive_the_stack,
        "    DeletionPolicy: RetainExceptOnCreate\n",
        "    DeletionPolicy: Retain\n",
    ),
    (laws.tables_and_keys_outlive_the_stack, "    UpdateReplacePolicy: Retain\n", ""),
    (laws.a_new_account_can_deploy, 'Default: "no"', 'Default: "yes"'),
    (laws.a_new_account_can_deploy, "!If [ReservesConcurrency, 5,", "!If [HasAlarmEmail, 5,"),
    (laws.two_stacks_fit_in_an_account, "            OmitName: true\n", ""),
    (
        laws.two_stacks_fit_in_an_account,
        "TableName: !Sub ${AWS::StackName}-links",
        "TableName: crmsync-links",
    ),
    (
        laws.tables_can_be_restored,
        "PointInTimeRecoveryEnabled: true",
        "PointInTimeRecoveryEnabled: false",
    ),
    (
        laws.tables_can_be_restored,
        "      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}\n      SSESpecification: !If",
        "      SSESpecification: !If",
    ),
    (laws.parameters_explain_themselves, "    Description: How much the functions log.\n", ""),
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_law_is_kept(law: Law) -> None:
    """template.yaml causes no complaint."""
    assert law(template_of_the_repository()) == []


@pytest.mark.parametrize(("law", "written", "instead"), BREACHES)
def test_a_breach_is_noticed(law: Law, written: str, instead: str) -> None:
    """The law complains about a template that breaks it."""
    text = template_of_the_repository().text
    assert written in text
    assert law(Template.read(text.replace(written, instead))) != []


def test_every_law_has_a_breach() -> None:
    """Every law has a template that breaks it."""
    assert {law.__name__ for law in LAWS} == {law.__name__ for law, _, _ in BREACHES}

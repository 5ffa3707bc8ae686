"""A laptop stack of small functions: a small template, handlers written by the test, and the rest
as in `serve`.
"""

import json
import textwrap
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.stack.cloud import Cloud
from local.stack.listener import Listener
from local.stack.runner import Runner
from local.stack.turns import Turns
from simulators.clock import Clock
from simulators.faults import Faults

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Colour: {Type: String, Default: green}
  PartnerBus: {Type: String, Default: ""}
Conditions:
  HasPartner: !Not [!Equals [!Ref PartnerBus, ""]]
Globals:
  Function:
    Runtime: python3.13
    Handler: handler.lambda_handler
    Timeout: 20
Resources:
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: !Sub "${AWS::StackName}-bus"}}
  Notes:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  DeadLetters: {Type: AWS::SQS::Queue, Properties: {}}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 120
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadLetters.Arn, maxReceiveCount: 2}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: !GetAtt Bus.Name
      EventPattern: {detail-type: [work.wanted]}
      Targets: [{Id: queue, Arn: !GetAtt Queue.Arn}]
  ReaderFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/reader/
      Policies:
        - Statement: [{Effect: Allow, Action: [dynamodb:GetItem, dynamodb:PutItem], Resource: !GetAtt Notes.Arn}]
      Environment: {Variables: {COLOUR: !Ref Colour, TABLE: !Ref Notes, QUEUE_URL: !Ref Queue}}
      Events:
        Messages:
          Type: SQS
          Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures]}
  TickFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/tick/
      Events:
        Often: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(10 minutes), Input: '{"turn": true}'}}
  WebFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/web/
      Policies:
        - Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}]
      FunctionUrlConfig: {AuthType: NONE}
  PartnerRule:
    Type: AWS::Events::Rule
    Condition: HasPartner
    Properties:
      EventBusName: !Ref PartnerBus
      EventPattern: {detail-type: [ContactChangeEvent]}
      Targets:
        - Id: queue
          Arn: !GetAtt Queue.Arn
          InputTransformer:
            InputPathsMap: {source: $.source, header: $.detail.header}
            InputTemplate: '{"source": <source>, "detail": <header>}'
"""

PRINTS_THE_EVENT = """
    import json
    def lambda_handler(event, context):
        print(json.dumps(event))
"""

PRINTS_THE_BODIES = """
    import json
    def lambda_handler(event, context):
        print(json.dumps([record["body"] for record in event["Records"]]))
"""


@dataclass(frozen=True, slots=True)
class Laptop:
    """A running stack, with shortcuts for tests."""

    cloud: Cloud
    runner: Runner
    clock: Clock
    faults: Faults
    listener: Listener

    def send(self, *bodies: str) -> None:
        """Put messages into the queue."""
        for body in bodies:
            self.cloud.aws.queues.send_message(
                QueueUrl=self.cloud.deployed.ref("Queue"), MessageBody=body
            )

    def output(self, function: str) -> list[Any]:
        """Return the JSON lines that a function has printed."""
        lines = self.cloud.lambdas.output(function).splitlines()
        return [json.loads(line) for line in lines if line.startswith(("[", "{", '"'))]

    def depth(self, queue: str) -> int:
        """Return the number of messages in a queue, including hidden ones."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        url = self.cloud.deployed.ref(queue)
        answer = self.cloud.aws.queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


Build = Callable[..., Laptop]


def builder(folder: Path, owned: ExitStack) -> Build:
    """Return a function that starts stacks with files in `folder`; `owned` stops them."""

    def build(
        *,
        template: str = TEMPLATE,
        parameters: dict[str, str] | None = None,
        turns: Turns | None = None,
        **handlers: str,
    ) -> Laptop:
        for name in ("reader", "tick", "web"):
            place = folder / "functions" / name
            place.mkdir(parents=True, exist_ok=True)
            (place / "handler.py").write_text(textwrap.dedent(handlers.get(name, PRINTS_THE_EVENT)))
        deployed = folder / "template.yaml"
        deployed.write_text(template)
        clock = Clock()
        faults = Faults(clock)
        listener = Listener("web")
        owned.callback(listener.close)
        cloud = owned.enter_context(
            Cloud(
                deployed,
                clock=clock,
                faults=faults,
                parameters=parameters,
                listeners=[listener],
                turns=turns,
            )
        )
        return Laptop(cloud, Runner(clock, cloud.movers), clock, faults, listener)

    return build

"""Calls for pipelines and deals: refusals, numbers of calls, and incomplete responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from crmsync.errors import Conflict, Down, Gone, Refused, SyncError
from crmsync.gateways.hubspot.client import HubspotClient
from crmsync.gateways.hubspot.pipelines import HubspotPipelines
from crmsync.gateways.retry import RetryPolicy
from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    PipelineStep,
    RenamePipeline,
    UpdateStage,
)
from crmsync.model.records import Ref, Side
from tests.gateways.scripted import Request, Response, Script, script
from tests.simulated import FixedSecret, served

WON = DealStage("7", "Closed Won", Decimal(1))
MADE = CreatePipeline("Salesforce - Default pipeline", (WON,))
NONE_YET = Response({"results": []})
FORBIDDEN = Response(
    {"category": "MISSING_SCOPES", "message": "This app hasn't been granted all required scopes"},
    403,
)


def refusal(message: str = "", status: int = 400, **more: Any) -> Response:
    """HubSpot's error."""
    return Response(
        {"status": "error", "category": "VALIDATION_ERROR", "message": message, **more}, status
    )


def limits(usage: int, limit: int, type_id: str = "0-3") -> Response:
    """HubSpot's response about the limits of pipelines."""
    row = {
        "objectTypeId": type_id,
        "usage": usage,
        "limit": limit,
        "percentage": 100 * usage / limit,
    }
    return Response({"hubspotDefinedObjectTypes": [row], "customObjectTypes": {"byObjectType": []}})


@contextmanager
def scripted(*responses: Response) -> Iterator[tuple[HubspotPipelines, list[Request]]]:
    """A gateway to a HubSpot with these responses, and the requests."""
    with script(*responses) as app:
        yield HubspotPipelines(client_of(app.url)), app.requests


def client_of(url: str) -> HubspotClient:
    """A client that never waits."""
    retry_policy = RetryPolicy(pause=lambda _: None, jitter=lambda: 0.5)
    return HubspotClient(
        FixedSecret({"access_token": "t", "api_url": url}), retry_policy=retry_policy
    )


def error_of(step: PipelineStep, *responses: Response) -> SyncError:
    """Return the error that a step raises."""
    with scripted(*responses) as (pipelines, _), pytest.raises(SyncError) as raised:
        pipelines.apply_step(step)
    return raised.value


@pytest.mark.rule("LIM-3")
@pytest.mark.parametrize(
    "responses",
    [
        (refusal("Something is wrong."), limits(15, 15)),
        (refusal("Something is wrong.", 403, category="FORBIDDEN"), limits(2, 1)),
        (refusal("The limit of 15 pipelines was reached."), refusal(status=404)),
        (refusal("Maximum number of pipelines exceeded."), FORBIDDEN),
        (refusal("No.", subCategory="PipelineError.PIPELINE_LIMIT_EXCEEDED"), limits(3, 15, "0-5")),
    ],
)
def test_an_account_without_room_for_a_pipeline_is_refused_with_a_hint(
    responses: Sequence[Response],
) -> None:
    """It is known from HubSpot's numbers, or from its words if it returns none."""
    error = error_of(MADE, NONE_YET, *responses)

    assert (type(error), error.code, error.text) == (
        Refused,
        "PIPELINE_LIMIT",
        "HubSpot allows no more pipelines of deals.",
    )
    assert "LIM-3" in error.hint


@pytest.mark.parametrize(
    ("responses", "kind", "code"),
    [
        ((refusal("Deal stages need a probability."), limits(3, 15)), Refused, "VALIDATION_ERROR"),
        ((FORBIDDEN, FORBIDDEN), Down, "MISSING_SCOPES"),
        (
            (refusal("taken", 409, category="CONFLICT"), NONE_YET, limits(3, 15)),
            Conflict,
            "CONFLICT",
        ),
    ],
)
def test_other_refusals_of_a_new_pipeline_keep_their_meaning(
    responses: Sequence[Response], kind: type[SyncError], code: str
) -> None:
    """A missing permission is not a limit."""
    error = error_of(MADE, NONE_YET, *responses)

    assert (type(error), error.code) == (kind, code)


def test_a_pipeline_that_somebody_created_meanwhile_counts_as_done() -> None:
    """It is found by its label."""
    existing = Response(
        {"results": [{"id": "9", "label": MADE.label, "displayOrder": 1, "stages": []}]}
    )

    with scripted(NONE_YET, refusal("taken", 409), existing) as (pipelines, sent):
        pipelines.apply_step(MADE)

    assert [one.method for one in sent] == ["GET", "POST", "GET"]
    assert sent[1].body == {
        "label": MADE.label,
        "displayOrder": 0,
        "stages": [{"label": "Closed Won", "displayOrder": 0, "metadata": {"probability": "1.0"}}],
    }


@pytest.mark.parametrize(
    ("step", "answer", "kind", "code"),
    [
        (
            DeleteStage("9", WON),
            refusal("7 is in use.", subCategory="PipelineError.STAGE_ID_IN_USE"),
            Refused,
            "STAGE_ID_IN_USE",
        ),
        (DeleteStage("9", WON), FORBIDDEN, Down, "MISSING_SCOPES"),
        (
            RenamePipeline("9", "Another"),
            refusal("no pipeline", 404, category="OBJECT_NOT_FOUND"),
            Gone,
            "OBJECT_NOT_FOUND",
        ),
        (
            RenamePipeline("9", "Another"),
            refusal("taken", 409, category="CONFLICT"),
            Conflict,
            "CONFLICT",
        ),
        (
            UpdateStage("9", WON, 2),
            refusal("no stage", 404, category="OBJECT_NOT_FOUND"),
            Gone,
            "OBJECT_NOT_FOUND",
        ),
    ],
)
def test_what_a_refused_step_means(
    step: PipelineStep, answer: Response, kind: type[SyncError], code: str
) -> None:
    """A stage is in use, missing or taken, or we lack a permission."""
    error = error_of(step, answer)

    assert (type(error), error.code) == (kind, code)


def test_a_stage_is_dropped_only_if_it_has_no_deals() -> None:
    """The call asks HubSpot to check that; a missing stage counts as dropped."""
    with scripted(refusal("no stage", 404)) as (pipelines, [*_]):
        pipelines.apply_step(DeleteStage("9", WON))
    with scripted(Response("", 204)) as (pipelines, sent):
        pipelines.apply_step(DeleteStage("9", WON))

    [one] = sent
    path, _, query = one.path.partition("?")
    assert (one.method, path) == ("DELETE", "/crm/pipelines/2026-03/deals/9/stages/7")
    assert set(query.split("&")) == {
        "validateReferencesBeforeDelete=true",
        "validateDealStageUsagesBeforeDelete=true",
    }


def test_a_stage_is_created_at_its_position() -> None:
    """A stage with the same label counts as created."""
    existing = Response(
        {
            "results": [
                {
                    "id": "9",
                    "label": MADE.label,
                    "displayOrder": 1,
                    "stages": [stage_row("7", "Open")],
                }
            ]
        }
    )

    with scripted(existing, Response({"id": "8"}, 201)) as (pipelines, sent):
        pipelines.apply_step(CreateStage("9", DealStage("", "Talks", Decimal("0.9")), 1))
    with scripted(existing) as (again, nothing_more):
        again.apply_step(CreateStage("9", DealStage("", "Open", Decimal("0.1")), 1))

    assert (sent[1].path, sent[1].body) == (
        "/crm/pipelines/2026-03/deals/9/stages",
        {"label": "Talks", "displayOrder": 1, "metadata": {"probability": "0.9"}},
    )
    assert len(nothing_more) == 1


def stage_row(identifier: str, label: str, order: int = 0, **metadata: str) -> dict[str, Any]:
    """A stage as HubSpot returns it."""
    return {"id": identifier, "label": label, "displayOrder": order, "metadata": metadata}


def test_pipelines_are_read_in_hubspots_order() -> None:
    """Archived pipelines are left out; a stage without a probability counts as lost."""
    stages = [
        stage_row("2", "Won", 1, probability="1.0", isClosed="true"),
        stage_row("1", "Odd", 0),
        {**stage_row("0", "Former"), "archived": True},
    ]
    rows = [
        {"id": "b", "label": "Later", "displayOrder": 2, "stages": []},
        {"id": "x", "label": "Gone", "displayOrder": 0, "archived": True, "stages": []},
        {"id": "a", "label": "First", "displayOrder": 1, "stages": stages},
    ]

    with scripted(Response({"results": rows})) as (pipelines, sent):
        found = pipelines.pipelines()

    first = DealPipeline(
        "a", "First", (DealStage("1", "Odd", Decimal(0)), DealStage("2", "Won", Decimal(1)))
    )
    assert found == [first, DealPipeline("b", "Later", ())]
    assert len(sent) == 1


class RefusesText(Script):
    """A HubSpot that only accepts values that are numbers."""

    def respond(self, request: Request) -> Response:
        """The deals of the values, each under the id of its value."""
        values = [row["id"] for row in request.body["inputs"]]
        if not all(value.isdigit() for value in values):
            return refusal("abc is no number")
        name = request.body["idProperty"]
        return Response(
            {"results": [{"id": value, "properties": {name: value}} for value in values]}
        )


def test_an_invalid_value_does_not_hide_other_deals() -> None:
    """If HubSpot accepts none, the property is wrong, and that is an error."""
    server = RefusesText([])
    with served(server) as url:
        deals = HubspotPipelines(client_of(url))
        found = deals.by_value("number", ["1", "abc", *map(str, range(2, 150))])
        with pytest.raises(Refused):
            deals.by_value("number", ["abc", "def"])

    assert found == {str(one): Ref(Side.HUBSPOT, "deal", str(one)) for one in range(1, 150)}

"""Pipelines and their stages: labels, order and limits."""

from __future__ import annotations

import pytest

from tests.simulators.hubspot.running import Running, running


def test_deal_stages_belong_to_their_pipeline(hubspot: Running) -> None:
    """A stage of another pipeline is refused, and a stage in use is kept if the caller asks for the
    check.
    """
    refused = hubspot.call("POST", "/crm/v3/objects/deals", {"properties": {"dealstage": "nosuch"}})
    hubspot.create("deals", dealname="D", dealstage="closedwon")
    stage = "/crm/v3/pipelines/deals/default/stages/closedwon"
    checked = hubspot.call("DELETE", f"{stage}?validateDealStageUsagesBeforeDelete=true")
    assert (refused.status_code, checked.status_code, hubspot.call("GET", stage).status_code) == (
        400,
        400,
        200,
    )


def a_pipeline(label: str, *stages: str) -> dict[str, object]:
    """Return a pipeline with stages of these labels, all with the same display order."""
    rows = [{"label": one, "displayOrder": 0, "metadata": {"probability": "0.1"}} for one in stages]
    return {"label": label, "displayOrder": 1, "stages": rows}


def test_labels_of_pipelines_and_stages_are_unique_and_decide_the_order(hubspot: Running) -> None:
    """Entries with the same display order are sorted by label; a taken label is refused."""
    path = "/crm/v3/pipelines/deals"
    made = hubspot.call("POST", path, a_pipeline("Ours", "B", "A")).json()
    stages = f"{path}/{made['id']}/stages"
    stage = {"label": "A", "displayOrder": 7, "metadata": {"probability": "0.1"}}

    refused = [
        hubspot.call("POST", path, a_pipeline("Ours", "A")),
        hubspot.call("PATCH", f"{path}/{made['id']}", {"label": "Sales Pipeline"}),
        hubspot.call("POST", stages, stage),
        hubspot.call("PATCH", f"{stages}/{made['stages'][1]['id']}", {"label": "A"}),
    ]

    assert [one["label"] for one in made["stages"]] == ["A", "B"]
    assert [answer.status_code for answer in refused] == [409] * 4
    same = hubspot.call(
        "PATCH", f"{stages}/{made['stages'][0]['id']}", {"label": "A", "displayOrder": 9}
    )
    assert same.status_code == 200
    assert [one["label"] for one in hubspot.call("GET", stages).json()["results"]] == ["B", "A"]


@pytest.mark.parametrize(
    ("tier", "most"), [("free", 1), ("starter", 2), ("professional", 15), ("enterprise", 100)]
)
def test_a_tier_limits_the_number_of_pipelines(tier: str, most: int) -> None:
    """The limit is shown under both kinds of path, and one pipeline too many is refused."""
    with running({"tier": tier}) as hubspot:
        answers = [
            hubspot.call("POST", "/crm/v3/pipelines/deals", a_pipeline(f"P{at}", "A")).status_code
            for at in range(most)
        ]
        told = [
            hubspot.call("GET", path).json()
            for path in ("/crm/v3/limits/pipelines", "/crm/limits/2026-03/pipelines")
        ]

    assert answers == [201] * (most - 1) + [400]
    [deals] = [row for row in told[0]["hubspotDefinedObjectTypes"] if row["objectTypeId"] == "0-3"]
    assert (deals["usage"], deals["limit"]) == (most, most)
    assert told[0] == told[1]

"""Deals and their pipelines in HubSpot behind the ports, and their primary companies."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest

from crmsync.errors import Conflict, Gone, Refused
from crmsync.model.effects import Associate, CreateRecord, DeleteRecord, Dissociate, UpdateRecord
from crmsync.model.kinds.pipelines import (
    CreatePipeline,
    CreateStage,
    DealPipeline,
    DealStage,
    DeleteStage,
    RenamePipeline,
    UpdateStage,
)
from crmsync.model.links import Slot
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Written
from tests.contracts.crm import implementations
from tests.contracts.crm.backend import Backend
from tests.memory.deals import SALES_PIPELINE

BACKENDS = (
    DealStage("", "Prospecting", Decimal("0.1")),
    DealStage("", "Closed Won", Decimal(1)),
    DealStage("", "Closed Lost", Decimal(0)),
)
OURS = CreatePipeline("Salesforce - Default pipeline", BACKENDS)
DEAL = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")


def made(hubspot: Backend, label: str = OURS.label) -> DealPipeline:
    """The pipeline with a label, as HubSpot shows it."""
    return next(one for one in hubspot.deals.pipelines() if one.label == label)


def shown(pipeline: DealPipeline) -> list[tuple[str, Decimal]]:
    """Labels and probabilities, in order."""
    return [(stage.label, stage.probability) for stage in pipeline.stages]


def a_deal(hubspot: Backend, **fields: Value) -> Ref:
    """Create a deal as a person."""
    return hubspot.person.add(
        "deal",
        {"dealname": "A deal", "pipeline": "default", "dealstage": "qualifiedtobuy", **fields},
    )


def test_every_account_starts_with_one_pipeline(hubspot: Backend) -> None:
    """It has HubSpot's stages, the last two of which are won and lost."""
    assert hubspot.deals.pipelines() == [SALES_PIPELINE]


def test_a_pipeline_is_created_once_with_its_stages(hubspot: Backend) -> None:
    """The stages are in order; a second attempt finds the pipeline by its label, and existing
    pipelines are kept.
    """
    for _ in range(2):
        hubspot.deals.apply_step(OURS)

    first, ours = hubspot.deals.pipelines()
    assert first == SALES_PIPELINE
    assert (ours.label, shown(ours)) == (
        OURS.label,
        [(stage.label, stage.probability) for stage in BACKENDS],
    )
    ids = [ours.id, *(stage.id for stage in ours.stages)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


FULL = {
    "memory": partial(implementations.memory_hubspot, pipelines_allowed=2),
    "simulator": partial(implementations.simulated_hubspot, pipelines_allowed=2),
    "simulator-2026-03": partial(implementations.simulated_hubspot, "2026-03", pipelines_allowed=2),
}


@pytest.fixture(params=FULL)
def two_pipelines_allowed(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each HubSpot in turn, with room for two pipelines."""
    yield from FULL[request.param]()


@pytest.mark.rule("LIM-3")
def test_one_pipeline_too_many_is_refused_with_a_hint(two_pipelines_allowed: Backend) -> None:
    """Existing pipelines can still be changed, and creating one of them again succeeds."""
    two_pipelines_allowed.deals.apply_step(OURS)
    another = CreatePipeline("Salesforce - 012000000000001AAA", BACKENDS)

    with pytest.raises(Refused) as refusal:
        two_pipelines_allowed.deals.apply_step(another)

    assert (refusal.value.code, "LIM-3" in refusal.value.hint) == ("PIPELINE_LIMIT", True)
    two_pipelines_allowed.deals.apply_step(OURS)
    two_pipelines_allowed.deals.apply_step(
        RenamePipeline(made(two_pipelines_allowed).id, another.label)
    )
    assert [one.label for one in two_pipelines_allowed.deals.pipelines()] == [
        SALES_PIPELINE.label,
        another.label,
    ]


def test_a_pipeline_is_renamed(hubspot: Backend) -> None:
    """It keeps its id; a pipeline that does not exist is reported as gone."""
    hubspot.deals.apply_step(OURS)
    before = made(hubspot)

    for _ in range(2):
        hubspot.deals.apply_step(RenamePipeline(before.id, "Salesforce - 012000000000001AAA"))

    assert made(hubspot, "Salesforce - 012000000000001AAA") == DealPipeline(
        before.id, "Salesforce - 012000000000001AAA", before.stages
    )
    with pytest.raises(Gone):
        hubspot.deals.apply_step(RenamePipeline("987654321987", "Another"))


def test_stages_are_created_changed_and_deleted(hubspot: Backend) -> None:
    """Repeating a step changes nothing, and other stages are not affected."""
    hubspot.deals.apply_step(OURS)
    before = made(hubspot)
    first, won, lost = before.stages
    talks = CreateStage(before.id, DealStage("", "Talks", Decimal("0.9")), 1)
    later = UpdateStage(before.id, DealStage(first.id, "Finding", Decimal("0.2")), 0)
    drop = DeleteStage(before.id, lost)

    for step in (
        talks,
        UpdateStage(before.id, won, 2),
        UpdateStage(before.id, lost, 3),
        later,
        talks,
        later,
    ):
        hubspot.deals.apply_step(step)

    after = made(hubspot)
    assert shown(after) == [
        ("Finding", Decimal("0.2")),
        ("Talks", Decimal("0.9")),
        ("Closed Won", Decimal(1)),
        ("Closed Lost", Decimal(0)),
    ]
    assert [after.stages[at].id for at in (0, 2, 3)] == [first.id, won.id, lost.id]
    for _ in range(2):
        hubspot.deals.apply_step(drop)
    assert [stage.label for stage in made(hubspot).stages] == ["Finding", "Talks", "Closed Won"]
    with pytest.raises(Gone):
        hubspot.deals.apply_step(UpdateStage(before.id, lost, 3))


def test_a_stage_with_deals_is_not_deleted(hubspot: Backend) -> None:
    """HubSpot refuses to delete it until the deals have left."""
    hubspot.deals.apply_step(OURS)
    ours = made(hubspot)
    deal = a_deal(hubspot, pipeline=ours.id, dealstage=ours.stages[0].id)
    drop = DeleteStage(ours.id, ours.stages[0])

    with pytest.raises(Refused) as refusal:
        hubspot.deals.apply_step(drop)

    assert (refusal.value.code, bool(refusal.value.hint)) == ("STAGE_ID_IN_USE", True)
    hubspot.person.edit(deal, {"dealstage": ours.stages[1].id})
    hubspot.deals.apply_step(drop)
    assert made(hubspot).stages == ours.stages[1:]


def test_a_deal_is_created_once_under_our_key(hubspot: Backend) -> None:
    """A repeated call is a conflict and writes nothing; the deal has its history and is found by
    the key.
    """
    fields = {
        "dealname": "A deal",
        "pipeline": "default",
        "dealstage": "qualifiedtobuy",
        "amount": "1200.5",
    }
    fields |= {"closedate": "2026-12-24T00:00:00Z"}
    effect = CreateRecord(Side.HUBSPOT, "deal", DEAL.id, fields, Slot("deal"))
    moved = CreateRecord(Side.HUBSPOT, "deal", DEAL.id, {"dealstage": "closedwon"}, Slot("deal"))

    [first], [again] = hubspot.crm.create([effect]), hubspot.crm.create([moved])

    assert isinstance(again, Conflict)
    [record] = hubspot.crm.read(
        [first.ref], {"deal": ["dealname", "amount", "dealstage", HUBSPOT_KEY]}, history=True
    ).values()
    assert list(record.fields.values()) == ["A deal", "1200.5", "qualifiedtobuy", DEAL.id]
    assert record.origins["dealstage"].by == hubspot.our_user
    values = [DEAL.id, "006000000000009AAA", "", "o'x"]
    assert hubspot.deals.by_value(HUBSPOT_KEY, values) == {DEAL.id.lower(): first.ref}
    assert hubspot.deals.by_value(HUBSPOT_KEY, []) == {}


def test_a_stage_of_another_pipeline_is_refused(hubspot: Backend) -> None:
    """The error names the field, and other rows are written."""
    hubspot.deals.apply_step(OURS)
    ours = made(hubspot)
    deals = [a_deal(hubspot), a_deal(hubspot)]
    bad = UpdateRecord(
        deals[0], Side.HUBSPOT, {"pipeline": "default", "dealstage": ours.stages[0].id}
    )
    good = UpdateRecord(
        deals[1], Side.HUBSPOT, {"pipeline": ours.id, "dealstage": ours.stages[0].id}
    )

    outcomes = hubspot.crm.update([bad, good])

    assert [type(one) for one in outcomes] == [Refused, Written]
    assert outcomes[0].fieldname == "dealstage"


def test_a_key_that_another_deal_has_is_a_conflict(hubspot: Backend) -> None:
    """Two deals are never linked with one opportunity (DUP-6)."""
    fields = {"dealname": "A deal", "pipeline": "default", "dealstage": "qualifiedtobuy"}
    hubspot.crm.create([CreateRecord(Side.HUBSPOT, "deal", DEAL.id, fields, Slot("deal"))])
    other = a_deal(hubspot)

    [outcome] = hubspot.crm.update([UpdateRecord(other, Side.HUBSPOT, {HUBSPOT_KEY: DEAL.id})])

    assert isinstance(outcome, Conflict)


def test_deals_are_swept_listed_deleted_and_merged_like_other_records(hubspot: Backend) -> None:
    """The survivor of a merge is found for the merged deals (DEL-1)."""
    one, two, three = (a_deal(hubspot) for _ in range(3))
    hubspot.update_index()
    since = min(
        record.created_at for record in hubspot.crm.read([one, two, three], {"deal": []}).values()
    )

    swept = {one.ref for page in hubspot.sweeper.changed_since({"deal": since}) for one in page}
    page = hubspot.lister.page("deal", "", 100)

    assert swept == {one, two, three}
    assert (set(page.refs), page.after, hubspot.lister.count("deal")) == (
        {one, two, three},
        None,
        3,
    )
    assert hubspot.deleter.delete([DeleteRecord(three)]) == [Written(three, {})]
    survivor = hubspot.person.merge(one, two)
    gone = {one, two, three} - {survivor}
    assert hubspot.crm.survivors(gone) == dict.fromkeys(gone - {three}, survivor)
    assert set(hubspot.crm.read([one, two, three, survivor], {"deal": []})) == {survivor}


def test_the_primary_company_of_a_deal_is_returned(hubspot: Backend) -> None:
    """It is the first company until another one is made primary; when it is removed, no other
    company replaces it.
    """
    deal, bare = a_deal(hubspot), a_deal(hubspot)
    ada = hubspot.add("ada")
    one, two = (hubspot.person.add("company", {"name": name}) for name in ("One", "Two"))
    stray = [Ref(Side.HUBSPOT, "deal", text) for text in ("see above", "", "987654321987")]
    pairs = hubspot.associations

    def primaries() -> list[Ref | None]:
        primary = pairs.primary_companies([*stray, deal, bare, ada])
        assert set(primary) <= {deal, ada}
        return [primary.get(deal), primary.get(ada)]

    pairs.associate([Associate(deal, one), Associate(deal, ada), Associate(ada, two)])
    pairs.associate([Associate(deal, two)])
    first = primaries()
    pairs.associate([Associate(deal, two, primary=True)])
    hubspot.association_editor.add_association(ada, one, primary=True)
    second = primaries()
    pairs.dissociate([Dissociate(deal, two)])
    hubspot.person.delete(one)

    assert (first, second, primaries()) == ([one, two], [two, one], [None, None])
    assert pairs.of([deal], "contact") == {deal: (ada,)}
    assert pairs.primary_companies([]) == {}

"""What HubSpot knows of deals behind the ports: their records, their pipelines, and which of their
companies counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest

from crmsync.errors import Conflict, Gone, Refused
from crmsync.model.effects import Associate, CreateRecord, DeleteRecord, Dissociate, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.names import HUBSPOT_KEY
from crmsync.model.pipelines import (
    ChangeStage,
    DealPipeline,
    DealStage,
    DropStage,
    MakePipeline,
    MakeStage,
    RenamePipeline,
)
from crmsync.model.records import Ref, Side, Value
from crmsync.ports.crm import Written
from tests.contracts import stages
from tests.contracts.stages import Stage
from tests.memory.deals import SALES_PIPELINE

STAGES = (
    DealStage("", "Prospecting", Decimal("0.1")),
    DealStage("", "Closed Won", Decimal(1)),
    DealStage("", "Closed Lost", Decimal(0)),
)
OURS = MakePipeline("Salesforce - Default pipeline", STAGES)
DEAL = Ref(Side.SALESFORCE, "Opportunity", "006000000000001AAA")


def made(hubspot: Stage, label: str = OURS.label) -> DealPipeline:
    """The pipeline with a label, as HubSpot shows it."""
    return next(one for one in hubspot.deals.pipelines() if one.label == label)


def shown(pipeline: DealPipeline) -> list[tuple[str, Decimal]]:
    """Labels and probabilities, in order."""
    return [(stage.label, stage.probability) for stage in pipeline.stages]


def a_deal(hubspot: Stage, **fields: Value) -> Ref:
    """A person makes a deal."""
    return hubspot.person.add(
        "deal",
        {"dealname": "A deal", "pipeline": "default", "dealstage": "qualifiedtobuy", **fields},
    )


def test_every_account_begins_with_a_pipeline_of_its_own(hubspot: Stage) -> None:
    """With HubSpot's stages, the last two of which are won and lost."""
    assert hubspot.deals.pipelines() == [SALES_PIPELINE]


def test_a_pipeline_is_made_with_its_stages_and_made_once(hubspot: Stage) -> None:
    """In their order; a second try finds it by its label. People's own stays."""
    for _ in range(2):
        hubspot.deals.put_in_step(OURS)

    first, ours = hubspot.deals.pipelines()
    assert first == SALES_PIPELINE
    assert (ours.label, shown(ours)) == (
        OURS.label,
        [(stage.label, stage.probability) for stage in STAGES],
    )
    ids = [ours.id, *(stage.id for stage in ours.stages)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


FULL = {
    "memory": partial(stages.memory_hubspot, pipelines_allowed=2),
    "simulator": partial(stages.simulated_hubspot, pipelines_allowed=2),
    "simulator-2026-03": partial(stages.simulated_hubspot, "2026-03", pipelines_allowed=2),
}


@pytest.fixture(params=FULL)
def narrow(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Each HubSpot in turn, with room for two pipelines."""
    yield from FULL[request.param]()


@pytest.mark.rule("LIM-3")
def test_one_pipeline_too_many_is_refused_with_a_hint(narrow: Stage) -> None:
    """Those that stand can still be put in step, and made again, which is nothing."""
    narrow.deals.put_in_step(OURS)
    another = MakePipeline("Salesforce - 012000000000001AAA", STAGES)

    with pytest.raises(Refused) as refusal:
        narrow.deals.put_in_step(another)

    assert (refusal.value.code, "LIM-3" in refusal.value.hint) == ("PIPELINE_LIMIT", True)
    narrow.deals.put_in_step(OURS)
    narrow.deals.put_in_step(RenamePipeline(made(narrow).id, another.label))
    assert [one.label for one in narrow.deals.pipelines()] == [SALES_PIPELINE.label, another.label]


def test_a_pipeline_is_renamed(hubspot: Stage) -> None:
    """It stays the same one; one that is gone is gone."""
    hubspot.deals.put_in_step(OURS)
    before = made(hubspot)

    for _ in range(2):
        hubspot.deals.put_in_step(RenamePipeline(before.id, "Salesforce - 012000000000001AAA"))

    assert made(hubspot, "Salesforce - 012000000000001AAA") == DealPipeline(
        before.id, "Salesforce - 012000000000001AAA", before.stages
    )
    with pytest.raises(Gone):
        hubspot.deals.put_in_step(RenamePipeline("987654321987", "Another"))


def test_stages_are_made_changed_and_dropped(hubspot: Stage) -> None:
    """Each step once, however often it is tried; those that nobody speaks of stay as they are."""
    hubspot.deals.put_in_step(OURS)
    before = made(hubspot)
    first, won, lost = before.stages
    talks = MakeStage(before.id, DealStage("", "Talks", Decimal("0.9")), 1)
    later = ChangeStage(before.id, DealStage(first.id, "Finding", Decimal("0.2")), 0)
    drop = DropStage(before.id, lost)

    for step in (
        talks,
        ChangeStage(before.id, won, 2),
        ChangeStage(before.id, lost, 3),
        later,
        talks,
        later,
    ):
        hubspot.deals.put_in_step(step)

    after = made(hubspot)
    assert shown(after) == [
        ("Finding", Decimal("0.2")),
        ("Talks", Decimal("0.9")),
        ("Closed Won", Decimal(1)),
        ("Closed Lost", Decimal(0)),
    ]
    assert [after.stages[at].id for at in (0, 2, 3)] == [first.id, won.id, lost.id]
    for _ in range(2):
        hubspot.deals.put_in_step(drop)
    assert [stage.label for stage in made(hubspot).stages] == ["Finding", "Talks", "Closed Won"]
    with pytest.raises(Gone):
        hubspot.deals.put_in_step(ChangeStage(before.id, lost, 3))


def test_a_stage_that_deals_are_in_is_kept(hubspot: Stage) -> None:
    """HubSpot refuses, and says so; once they have left it goes."""
    hubspot.deals.put_in_step(OURS)
    ours = made(hubspot)
    deal = a_deal(hubspot, pipeline=ours.id, dealstage=ours.stages[0].id)
    drop = DropStage(ours.id, ours.stages[0])

    with pytest.raises(Refused) as refusal:
        hubspot.deals.put_in_step(drop)

    assert (refusal.value.code, bool(refusal.value.hint)) == ("STAGE_ID_IN_USE", True)
    hubspot.person.edit(deal, {"dealstage": ours.stages[1].id})
    hubspot.deals.put_in_step(drop)
    assert made(hubspot).stages == ours.stages[1:]


def test_a_deal_is_made_once_under_our_key(hubspot: Stage) -> None:
    """A repeat finds it and writes its fields; it shows them, with their history, and is found by
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

    assert first.ref == again.ref
    [record] = hubspot.crm.read(
        [first.ref], {"deal": ["dealname", "amount", "dealstage", HUBSPOT_KEY]}, history=True
    ).values()
    assert list(record.fields.values()) == ["A deal", "1200.5", "closedwon", DEAL.id]
    assert record.origins["dealstage"].by == hubspot.by_us
    asked = [DEAL.id, "006000000000009AAA", "", "o'x"]
    assert hubspot.deals.by_value(HUBSPOT_KEY, asked) == {DEAL.id.lower(): first.ref}
    assert hubspot.deals.by_value(HUBSPOT_KEY, []) == {}


def test_a_stage_of_another_pipeline_is_refused_alone(hubspot: Stage) -> None:
    """The refusal names the field."""
    hubspot.deals.put_in_step(OURS)
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


def test_a_key_that_another_deal_has_is_a_conflict(hubspot: Stage) -> None:
    """Two deals never stand for one opportunity (DUP-6)."""
    fields = {"dealname": "A deal", "pipeline": "default", "dealstage": "qualifiedtobuy"}
    hubspot.crm.create([CreateRecord(Side.HUBSPOT, "deal", DEAL.id, fields, Slot("deal"))])
    other = a_deal(hubspot)

    [outcome] = hubspot.crm.update([UpdateRecord(other, Side.HUBSPOT, {HUBSPOT_KEY: DEAL.id})])

    assert isinstance(outcome, Conflict)


def test_deals_are_swept_listed_deleted_and_merged_like_other_records(hubspot: Stage) -> None:
    """The survivor of a merge answers for the others (DEL-1)."""
    one, two, three = (a_deal(hubspot) for _ in range(3))
    hubspot.catch_up()
    since = min(
        record.created_at for record in hubspot.crm.read([one, two, three], {"deal": []}).values()
    )

    swept = {
        sighting.ref for page in hubspot.sweeper.changed_since({"deal": since}) for sighting in page
    }
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


def test_the_company_that_counts_for_a_deal_is_told(hubspot: Stage) -> None:
    """The first one, until another is made primary; without it nobody takes its place."""
    deal, bare = a_deal(hubspot), a_deal(hubspot)
    ada = hubspot.add("ada")
    one, two = (hubspot.person.add("company", {"name": name}) for name in ("One", "Two"))
    stray = [Ref(Side.HUBSPOT, "deal", text) for text in ("see above", "", "987654321987")]
    pairs = hubspot.associations

    def told() -> list[Ref | None]:
        primary = pairs.primary_companies([*stray, deal, bare, ada])
        assert set(primary) <= {deal, ada}
        return [primary.get(deal), primary.get(ada)]

    pairs.associate([Associate(deal, one), Associate(deal, ada), Associate(ada, two)])
    pairs.associate([Associate(deal, two)])
    first = told()
    pairs.associate([Associate(deal, two, primary=True)])
    hubspot.matchmaker.add_association(ada, one, primary=True)
    second = told()
    pairs.dissociate([Dissociate(deal, two)])
    hubspot.person.delete(one)

    assert (first, second, told()) == ([one, two], [two, one], [None, None])
    assert pairs.of([deal], "contact") == {deal: (ada,)}
    assert pairs.primary_companies([]) == {}

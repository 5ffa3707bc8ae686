"""After any sequence of roles, amounts, stages and deletions on both sides, the roll-ups equal a
plain recomputation.

Changes arrive late, twice, out of order or not at all; then each side is swept once and the queues
are worked off.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmsync.model.changes import Cause, Change
from crmsync.model.records import Ref, Side
from tests.memory.world import MemoryWorld

PEOPLE = ("ada@example.com", "eva@example.com")
STAGES = ("Prospecting", "Negotiation/Review", "Closed Won", "Closed Lost")
ROLL_UPS = (
    "num_associated_deals",
    "first_deal_created_date",
    "recent_deal_close_date",
    "recent_deal_amount",
    "total_revenue",
)


class Story:
    """Two linked contacts, their opportunities and deals, and the changes not yet delivered."""

    def __init__(self) -> None:
        self.world = MemoryWorld()
        self.theirs = [self.world.new_salesforce_contact(None, email) for email in PEOPLE]
        self.world.sync(*self.theirs)
        self.mine = [self.world.counterpart(one) for one in self.theirs]
        self.undelivered: list[Change] = []

    def add_change(self, ref: Ref, cause: Cause = Cause.EDITED) -> None:
        """Add a change to those not yet delivered."""
        self.undelivered.append(self.world.change(ref, cause))

    def opportunities(self) -> list[Ref]:
        """The opportunities that are not deleted."""
        return self.world.salesforce.refs("Opportunity")

    def deals(self) -> list[Ref]:
        """The deals that are not deleted."""
        return self.world.hubspot.refs("deal")

    def sweep(self) -> None:
        """Sync every record, deleted ones included, and work off the queue."""
        roles = self.world.salesforce.refs("OpportunityContactRole", deleted_too=True)
        ended = [
            ref
            for ref in self.world.salesforce.refs("Opportunity", deleted_too=True)
            if ref not in self.opportunities()
        ]
        self.world.sync(*ended, cause=Cause.DELETED)
        self.world.sync(*self.opportunities(), *self.deals(), *roles)
        self.world.drain()

    def shown(self, contact: Ref) -> dict[str, object]:
        """The roll-ups of a HubSpot contact; one that never had an opportunity has none."""
        fields = self.world.hubspot.fields(contact)
        never = {"num_associated_deals": "0", "total_revenue": "0"}
        return {name: fields.get(f"crmsync_{name}", never.get(name)) for name in ROLL_UPS}

    def recomputed(self, contact: Ref) -> dict[str, object]:
        """The expected roll-ups, computed from Salesforce's rows alone."""
        world = self.world
        rows = [
            world.salesforce.fields(ref) for ref in world.salesforce.refs("OpportunityContactRole")
        ]
        ids = sorted({str(row["OpportunityId"]) for row in rows if row["ContactId"] == contact.id})
        mine = [Ref(Side.SALESFORCE, "Opportunity", one) for one in ids]
        records = [
            world.salesforce.read([ref], {"Opportunity": ("Amount", "CloseDate", "IsWon")})[ref]
            for ref in mine
        ]
        won = [one for one in records if one.fields.get("IsWon")]
        last = max(won, key=lambda one: (one.created_at, one.ref.id), default=None)
        first = min((one.created_at for one in records), default=None)
        total = sum((Decimal(str(one.fields.get("Amount") or 0)) for one in records), Decimal(0))
        return {
            "num_associated_deals": str(len(records)),
            "first_deal_created_date": first.date().isoformat() if first else None,
            "recent_deal_close_date": max(
                (str(one.fields["CloseDate"]) for one in won), default=None
            ),
            "recent_deal_amount": _text(last.fields.get("Amount")) if last else None,
            "total_revenue": _text(total),
        }


def _text(amount: object) -> str | None:
    return None if amount is None else f"{Decimal(str(amount)).normalize():f}"


Step = Callable[[Story, int, int], None]


def _new_opportunity(story: Story, one: int, two: int) -> None:
    story.world.wait(60 * 24)
    ref = story.world.new_opportunity(
        story.theirs[one % 2], StageName=STAGES[two % 4], Amount=one * 10 or None
    )
    story.add_change(ref)


def _new_deal(story: Story, one: int, two: int) -> None:
    story.add_change(story.world.new_deal(story.mine[two % 2], amount=str(one)))


def _edit_opportunity(story: Story, one: int, two: int) -> None:
    if there := story.opportunities():
        ref = there[one % len(there)]
        story.world.salesforce.edit(
            ref,
            {
                "Amount": two * 7,
                "StageName": STAGES[two % 4],
                "CloseDate": f"2026-0{1 + one % 9}-01",
            },
        )
        story.add_change(ref)


def _edit_deal(story: Story, one: int, two: int) -> None:
    if there := story.deals():
        ref = there[one % len(there)]
        story.world.hubspot.edit(ref, {"amount": str(two * 3)})
        story.add_change(ref)


def _new_role(story: Story, one: int, two: int) -> None:
    if there := story.opportunities():
        story.add_change(
            story.world.opportunities.add_role(there[one % len(there)], story.theirs[two % 2])
        )


def _end_role(story: Story, one: int, _two: int) -> None:
    if there := story.world.salesforce.refs("OpportunityContactRole"):
        ref = there[one % len(there)]
        story.world.salesforce.delete(ref)
        story.add_change(ref, Cause.DELETED)


def _associate(story: Story, one: int, two: int) -> None:
    if there := story.deals():
        deal = there[one % len(there)]
        story.world.associations.add_association(deal, story.mine[two % 2])
        story.add_change(deal, Cause.AGAIN)


def _delete_opportunity(story: Story, one: int, _two: int) -> None:
    if there := story.opportunities():
        ref = there[one % len(there)]
        story.world.salesforce.delete(ref)
        story.add_change(ref, Cause.DELETED)


def _undelete(story: Story, one: int, _two: int) -> None:
    ended = set(story.world.salesforce.refs("Opportunity", deleted_too=True)) - set(
        story.opportunities()
    )
    if ended:
        ref = sorted(ended)[one % len(ended)]
        story.world.salesforce.restore(ref)
        story.add_change(ref, Cause.RESTORED)


def _delete_deal(story: Story, one: int, _two: int) -> None:
    if there := story.deals():
        ref = there[one % len(there)]
        story.world.hubspot.delete(ref)
        story.add_change(ref, Cause.DELETED)


def _deliver(story: Story, one: int, two: int) -> None:
    """Deliver some of the changes, perhaps twice."""
    story.world.wait()
    some = story.undelivered[: 1 + one % 4]
    story.undelivered = story.undelivered[len(some) :] if two % 3 else story.undelivered
    story.world.deliver(some)


STEPS: tuple[Step, ...] = (
    *(_new_opportunity, _new_deal, _edit_opportunity, _edit_deal, _new_role, _end_role, _associate),
    *(_delete_opportunity, _undelete, _delete_deal, _deliver, _deliver),
)


@pytest.mark.rule("ROLL-2")
@pytest.mark.rule("ROLL-3")
@pytest.mark.rule("ROLL-4")
@pytest.mark.rule("ROLL-5")
@pytest.mark.rule("ROLL-6")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 50), st.integers(0, 50)), max_size=25)
)
def test_roll_ups_equal_their_recomputation(steps):
    """After any steps each contact shows what its roles add up to, and another sweep writes
    nothing.
    """
    story = Story()
    for step, one, two in steps:
        step(story, one, two)

    story.sweep()

    for mine, theirs in zip(story.mine, story.theirs, strict=True):
        assert story.shown(mine) == story.recomputed(theirs)
    writes = story.world.writes()
    story.sweep()
    assert story.world.writes() == writes

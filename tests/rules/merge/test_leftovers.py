"""What a write of ours that came late leaves on the side that a policy prefers, or that may only be
filled, is not that side's value (MAP-1, CH-4, decision 25).
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.effects import SaveLink
from crmsync.model.fields import FieldRule, Update
from crmsync.model.names import revision_fields
from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Origin, Side
from crmsync.plans.contact import plan_contact
from crmsync.rules.merge.intents import asks_for_history, withdraw_lost, written
from crmsync.rules.merge.resting_mappings import without
from tests.builders import (
    LEAD_ID,
    NOON,
    OUR_APP,
    OUR_USER,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    at,
)
from tests.plans.contact_facts import KEY, linked

H, S = Side.HUBSPOT, Side.SALESFORCE
PREFER = {H: Update.PREFER_HUBSPOT, S: Update.PREFER_SALESFORCE}
REVISION = revision_fields(555001)
SIDES = pytest.mark.parametrize("favourite", [H, S])
FILLED = pytest.mark.parametrize("filled", [H, S])


class Pair:
    """A pair whose nicknames were blank when it was linked last; `favourite` is the side whose
    value is preferred, or under fill_blank the one that is filled.
    """

    def __init__(self, favourite, update=None):
        self.favourite = favourite
        rule = FieldRule("nickname", "Nickname__c", update or PREFER[favourite])
        self.ruleset = a_ruleset(field=(rule,))
        self.link = a_link(*self.shown(None, None), self.ruleset)
        self.seconds = 0

    def shown(self, preferred, other, revision="", by=""):
        """A contact and a lead with these nicknames: the preferred one and the other side's. The
        preferred side shows this revision, and was edited last by a person where `by` says so.
        """
        values = {self.favourite: preferred, self.favourite.other: other}
        shows = {self.favourite: {REVISION[self.favourite]: revision}, self.favourite.other: {}}
        contact = a_contact({"nickname": values[H]} | shows[H], salesforce_id=LEAD_ID)
        origins = {"nickname": Origin(NOON, by or OUR_APP)}
        lead = a_lead({"Nickname__c": values[S]} | shows[S], key=KEY, by=by or OUR_USER)
        return replace(contact, origins=origins), lead

    def sync(self, *shown, is_lost=False, **more):
        """Sync the pair as it is shown; returns the nickname that is written to each side, in the
        order of the sides. Nothing of it arrives where it `is_lost`.
        """
        pair = self.shown(*shown, **more)
        plan = plan_contact(replace(linked(*pair), link=self.link), self.ruleset)
        self.seconds += 1
        for one in plan.effects:
            if isinstance(one, SaveLink):
                after = one.link.announced_at(NOON + timedelta(seconds=self.seconds))
                after = replace(after, version=after.version + 1)
                self.link = after if is_lost else written(after, plan, pair, self.ruleset)
        names = {H: "nickname", S: "Nickname__c"}
        return {
            "favourite" if one.side is self.favourite else "other": one.fields[names[one.side]]
            for one in plan.effects
            if names.get(getattr(one, "side", None)) in getattr(one, "fields", ())
        }

    @property
    def announced(self):
        """The revision that was announced for the preferred side."""
        return self.link.intent(self.favourite).revision.hex()

    def overtaken(self):
        """The other side's value is announced and on its way when a person changes it, and another
        worker writes the newer one. Returns the first write's revision.
        """
        assert self.sync(None, "2") == {"favourite": "2"}
        late = self.announced
        assert self.sync(None, "1") == {"favourite": "1"}
        return late


@SIDES
def test_what_an_overtaken_write_left_on_the_preferred_side_does_not_win(favourite):
    """The older value arrives last: the newer one is written again."""
    pair = Pair(favourite)
    late = pair.overtaken()

    assert pair.sync("2", "1", late) == {"favourite": "1"}
    assert pair.sync("1", "1", pair.announced) == {}


@SIDES
def test_a_value_that_a_person_gave_the_preferred_side_since_wins(favourite):
    """It is that side's, whichever of our writes came last."""
    pair = Pair(favourite)
    late = pair.overtaken()

    assert pair.sync("3", "1", late, by="a person") == {"other": "3"}


@SIDES
def test_a_write_that_nothing_has_overtaken_makes_the_value_that_sides(favourite):
    """Somebody changes the other side just after the first value has arrived: that side is
    preferred.
    """
    pair = Pair(favourite)
    assert pair.sync(None, "2") == {"favourite": "2"}

    assert pair.sync("2", "1", pair.announced) == {"other": "2"}


@SIDES
def test_the_newer_value_is_written_again_once_a_limit_releases_it(favourite):
    """While it is held back, it is not forgotten that what stands there is nobody's."""
    pair = Pair(favourite)
    late = pair.overtaken()
    pair.link = replace(pair.link, holds=frozenset({Hold(favourite, ChangeLimit.CHANGES)}))
    assert pair.sync("2", "1", late) == {}
    pair.link = replace(pair.link, holds=frozenset())

    assert pair.sync("2", "1", late) == {"favourite": "1"}


@SIDES
def test_a_deletion_of_what_an_overtaken_write_left_crosses(favourite):
    """The newer value had arrived, so it has not to cross again: the blank is the only news."""
    pair = Pair(favourite)
    late = pair.overtaken()

    assert pair.sync(None, "1", late, by="a person") == {"other": None}
    assert pair.sync(None, None, late, by="a person") == {}


@SIDES
def test_a_newer_value_that_may_be_lost_fills_the_blank(favourite):
    """Its worker has not noted that it arrived."""
    pair = Pair(favourite)
    late = pair.overtaken()
    lost = replace(pair.link.intent(favourite), arrived=False)
    pair.link = pair.link.announcing(favourite, lost)

    assert pair.sync(None, "1", late, by="a person") == {"favourite": "1"}


def test_a_value_that_a_person_entered_since_is_not_what_an_overtaken_write_left():
    """HubSpot's history, which is read for it, shows whose value it is, even if it is the same."""
    pair = Pair(H)
    late = pair.overtaken()
    contact, lead = pair.shown("2", "1", late)

    assert asks_for_history(pair.link, replace(contact, origins={}), lead, pair.ruleset)
    assert pair.sync("2", "1", late, by="a person") == {"other": "2"}


@FILLED
def test_what_an_overtaken_write_left_is_replaced_under_fill_blank(filled):
    """The older value arrives last, and nobody has entered it: the newer one is written again."""
    pair = Pair(filled, Update.FILL_BLANK)
    late = pair.overtaken()

    assert pair.sync("2", "1", late) == {"favourite": "1"}
    assert pair.sync("1", "1", pair.announced) == {}


@FILLED
def test_what_a_person_entered_comes_back_after_an_overtaken_write_under_fill_blank(filled):
    """It had filled the other side's blank, where it still stands."""
    pair = Pair(filled, Update.FILL_BLANK)
    assert pair.sync(None, "2") == {"favourite": "2"}
    late = pair.announced
    assert pair.sync("3", None, by="a person") == {"other": "3"}

    assert pair.sync("2", "3", late) == {"favourite": "3"}


@FILLED
def test_what_a_person_entered_since_stays_under_fill_blank(filled):
    """A value overwrites nothing, whichever of our writes came last."""
    pair = Pair(filled, Update.FILL_BLANK)
    late = pair.overtaken()

    assert pair.sync("3", "1", late, by="a person") == {}


@FILLED
def test_a_blank_does_not_replace_what_an_overtaken_write_left_under_fill_blank(filled):
    """The value fills the blank, whoever's it is."""
    pair = Pair(filled, Update.FILL_BLANK)
    late = pair.overtaken()

    assert pair.sync("2", None, late) == {"other": "2"}


@pytest.mark.parametrize(("mine", "theirs"), [("1", "2"), ("2", "1")])
def test_what_hubspot_shows_after_several_lost_writes_is_no_edit_once_the_mapping_syncs(
    mine, theirs
):
    """Salesforce's value, and then its deletion, were about to replace HubSpot's. Neither arrived,
    and the mapping came to rest.
    """
    pair = Pair(S)
    assert pair.sync(theirs, mine, is_lost=True, by="a person") == {"other": theirs}
    assert pair.sync(None, mine, is_lost=True, by="a person") == {"other": None}
    resting = without(pair.ruleset, [Rest(S, "Lead", "Nickname__c", at())])
    pair.link = withdraw_lost(pair.link, *pair.shown(None, mine, by="a person"), resting)

    assert pair.sync(None, mine, by="a person") == {"other": None}

"""E-mail opt-out is fixed and sticky (OPT-1 to OPT-7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.records import Origin
from crmsync.rules.merge.opt_out import OptOutDecision, decide_opt_out, is_own_act
from tests.builders import NOON


def decide(
    *,
    hubspot: bool,
    box: bool,
    was_out: bool | None = None,
    moved: bool = False,
    new_address: bool = False,
    shared: bool = False,
    own_act: bool | None = True,
) -> OptOutDecision:
    return decide_opt_out(
        hubspot_out=hubspot,
        salesforce_out=box,
        was_out_in_hubspot=was_out,
        box_changed=moved,
        address_changed=new_address,
        shared=shared,
        own_act=own_act,
    )


@pytest.mark.rule("OPT-3")
def test_unsubscribing_in_hubspot_ticks_the_box_in_salesforce():
    """When a contact unsubscribes in HubSpot, Salesforce's Email Opt Out is ticked."""
    assert decide(hubspot=True, box=False, was_out=False) == OptOutDecision(
        salesforce_box=True, because="OPT-3"
    )


@pytest.mark.rule("OPT-4")
def test_ticking_the_box_in_salesforce_unsubscribes_in_hubspot():
    """When Email Opt Out is ticked in Salesforce, the contact is unsubscribed from all e-mail in
    HubSpot.
    """
    expected = OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4")
    assert decide(hubspot=False, box=True, was_out=False, moved=True) == expected


@pytest.mark.rule("OPT-5")
def test_unticking_the_box_does_not_subscribe_again():
    """While HubSpot shows the opt-out, clearing the box in Salesforce is reverted."""
    expected = OptOutDecision(salesforce_box=True, because="OPT-5")
    assert decide(hubspot=True, box=False, was_out=True, moved=True) == expected


@pytest.mark.rule("OPT-6")
def test_the_contact_itself_may_resubscribe():
    """Only the contact's own act in HubSpot resubscribes it; the older box in Salesforce does not
    opt it out again.
    """
    assert decide(hubspot=False, box=True, was_out=True) == OptOutDecision(
        salesforce_box=False, because="OPT-6"
    )


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize("shared", [False, True])
def test_an_opt_out_that_somebody_else_withdrew_is_sent_again(shared):
    """A HubSpot user can resubscribe a contact that Salesforce opted out: that is not the contact's
    own act (OPT-6).
    """
    expected = OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-6")
    assert decide(hubspot=False, box=True, was_out=True, own_act=False, shared=shared) == expected


@pytest.mark.rule("OPT-6")
def test_nothing_is_decided_before_it_is_known_who_withdrew_it():
    """The property's history shows whose act it was; it is read for this case alone."""
    assert decide(hubspot=False, box=True, was_out=True, own_act=None) == OptOutDecision(
        asks_who=True
    )
    assert decide(hubspot=False, box=True, was_out=None, own_act=None) == OptOutDecision(
        unsubscribe_in_hubspot=True, because="OPT-4"
    )


@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, True),
        (Origin(NOON, "EMAIL/SubscriptionPreferencesPage"), True),
        (Origin(NOON, "FORM/12"), True),
        (Origin(NOON, "A_SOURCE_THAT_IS_NEW"), True),
        (Origin(NOON, "A_SOURCE_THAT_IS_NEW", by_user=True), False),
        (Origin(NOON, "CRM_UI/userId:4321"), False),
        (Origin(NOON, "INTEGRATION/990077"), False),
        (Origin(NOON, "IMPORT"), False),
    ],
)
def test_the_source_of_the_value_shows_whose_act_it_was(origin, expected):
    """Users, apps, imports and workflows are not the contact; any other source, or none, counts as
    the contact itself.
    """
    assert is_own_act(origin) is expected


@pytest.mark.rule("TEN-1")
@pytest.mark.parametrize(
    ("was_out", "moved", "expected"),
    [
        pytest.param(
            True, False, OptOutDecision(), id="who came back in one account is left alone"
        ),
        pytest.param(False, False, OptOutDecision(), id="and stays so"),
        pytest.param(
            False,
            True,
            OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4"),
            id="ticked anew it counts anew",
        ),
        pytest.param(
            None,
            False,
            OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4"),
            id="at first opted out wins",
        ),
    ],
)
def test_a_box_that_several_accounts_share_is_not_cleared(was_out, moved, expected):
    """The box speaks for all accounts of the org: if one cleared it, another would tick it again
    and undo the contact's own act.
    """
    assert decide(hubspot=False, box=True, was_out=was_out, moved=moved, shared=True) == expected


@pytest.mark.rule("OPT-7")
@pytest.mark.parametrize(
    ("hubspot", "box", "expected"),
    [
        (True, False, OptOutDecision(salesforce_box=True, because="OPT-3")),
        (False, True, OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-4")),
        (True, True, OptOutDecision()),
        (False, False, OptOutDecision()),
    ],
)
def test_on_the_first_sync_opted_out_wins(hubspot, box, expected):
    """In the first sync of a contact, opted out on either side means opted out on both."""
    assert decide(hubspot=hubspot, box=box) == expected


@pytest.mark.rule("OPT-6")
@pytest.mark.rule("PLT-4")
@pytest.mark.parametrize(
    ("hubspot", "box", "expected"),
    [
        pytest.param(
            False,
            True,
            OptOutDecision(unsubscribe_in_hubspot=True, because="OPT-6"),
            id="the box still says so",
        ),
        pytest.param(
            False,
            False,
            OptOutDecision(unsubscribe_in_hubspot=True, salesforce_box=True, because="OPT-6"),
            id="the box was un-ticked with it",
        ),
    ],
)
def test_a_new_address_does_not_resubscribe_anybody(hubspot, box, expected):
    """HubSpot keeps the status by address; a person who was out under the old one is opted out
    under the new one too.
    """
    assert decide(hubspot=hubspot, box=box, was_out=True, new_address=True) == expected


@pytest.mark.rule("OPT-5")
@given(
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, True, False]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_no_decision_resubscribes_anybody_in_hubspot(
    hubspot, box, was_out, moved, new_address, shared
):
    """Whatever the two sides show, the box is cleared only if HubSpot, under the same address, no
    longer shows the opt-out.
    """
    verdict = decide(
        hubspot=hubspot,
        box=box,
        was_out=was_out,
        moved=moved,
        new_address=new_address,
        shared=shared,
    )
    assert not (verdict.salesforce_box is False and (hubspot or new_address))
    assert not (verdict.unsubscribe_in_hubspot and verdict.salesforce_box is False)

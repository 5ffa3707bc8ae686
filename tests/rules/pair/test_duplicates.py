"""When the opt-out of a Salesforce record that is nobody's counterpart counts for a HubSpot contact
(OPT-4).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmsync.model.effects import OptOut, RequestSync
from crmsync.model.records import Kind, Origin, Record
from crmsync.rules.pair.duplicates import any_opted_out, takes_over, unsubscribe
from tests.builders import a_contact, a_lead, at


def a_duplicate(*, out: bool, minutes: float) -> Record:
    """A second lead of Ada's, edited this many minutes after noon."""
    return replace(a_lead({"HasOptedOutOfEmail": out}), modified_at=at(minutes))


def ada(shown: str | None, minutes: float | None) -> Record:
    """A contact created at noon that has shown this since so many minutes after noon."""
    contact = a_contact({"hs_email_optout": shown})
    origins = {} if minutes is None else {"hs_email_optout": Origin(at(minutes), "CRM_UI")}
    return replace(contact, created_at=at(0), origins=origins)


@pytest.mark.rule("OPT-4")
@pytest.mark.rule("OPT-6")
@pytest.mark.parametrize(
    ("out", "shown", "since", "expected"),
    [
        pytest.param(True, None, None, True, id="nobody ever said anything in HubSpot"),
        pytest.param(
            True, "false", 30, True, id="the double was changed after the person came back"
        ),
        pytest.param(True, "false", 90, False, id="the person came back after that"),
        pytest.param(True, "", 90, True, id="HubSpot does not say that anybody came back"),
        pytest.param(True, "true", 90, False, id="the person is out already"),
        pytest.param(True, "true", 30, False, id="the person was out before"),
        pytest.param(True, "false", 60, True, id="both at the same moment"),
        pytest.param(False, None, None, False, id="the double is not opted out"),
    ],
)
def test_a_duplicate_counts_unless_the_person_resubscribed_later(
    out: bool,  # noqa: FBT001
    shown: str | None,
    since: float | None,
    expected: bool,  # noqa: FBT001
):
    """The duplicate was edited an hour after noon."""
    assert takes_over(ada(shown, since), a_duplicate(out=out, minutes=60)) is expected


@pytest.mark.rule("OPT-4")
def test_a_value_from_the_creation_of_a_contact_is_no_act_of_the_person():
    """A contact that was created subscribed after its duplicate was opted out is unsubscribed."""
    assert takes_over(ada("false", 0), a_duplicate(out=True, minutes=-60))


@pytest.mark.rule("OPT-4")
def test_one_opted_out_record_of_several_is_enough():
    """The records may be of either side."""
    lead, out = a_duplicate(out=False, minutes=0), a_duplicate(out=True, minutes=0)
    found = [any_opted_out(some) for some in ([lead], [lead, out], [ada("true", None)], [])]
    assert found == [False, True, True, False]


@pytest.mark.rule("OPT-4")
def test_an_unsubscribed_contact_is_synced_so_that_its_own_lead_follows():
    """Our own writes cause no events; a contact without an address cannot be unsubscribed."""
    contact = a_contact()
    assert unsubscribe(contact) == (
        OptOut("ada@example.com", ("OPT-4",)),
        RequestSync(contact.ref, Kind.CONTACT, None, ("OPT-4",)),
    )
    assert unsubscribe(a_contact({"email": None})) == ()

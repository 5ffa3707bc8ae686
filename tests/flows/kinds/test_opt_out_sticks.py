"""Nothing that happens in Salesforce ever subscribes anybody again (OPT-5, OPT-6)."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmsync.model.records import Ref
from tests.memory.worlds import Town

ACTS = st.lists(
    st.sampled_from(
        [
            "tick",
            "untick",
            "edit",
            "convert",
            "look at the lead",
            "look at the contact",
            "another lead",
        ]
    ),
    min_size=1,
    max_size=12,
)


def act(town: Town, lead: Ref, contact: Ref, name: str) -> Ref:
    """Do one thing in Salesforce, or deliver a message; the Salesforce record that the person then
    is.
    """
    if name in {"tick", "untick"}:
        town.salesforce.edit(lead, {"HasOptedOutOfEmail": name == "tick"})
    elif name == "edit":
        town.salesforce.edit(lead, {"Phone": str(town.now.timestamp())})
    elif name == "convert" and lead.object == "Lead":
        return town.salesforce.convert(lead)
    elif name == "another lead":
        town.sync(town.new_lead(HasOptedOutOfEmail=False))
    else:
        town.sync(lead if name == "look at the lead" else contact)
    return lead


@pytest.mark.rule("OPT-5")
@pytest.mark.rule("OPT-6")
@given(ACTS, st.booleans())
@example(["convert"], False)
@settings(max_examples=150, deadline=None)
def test_no_sequence_of_salesforce_edits_resubscribes_anybody(acts, linked_first):
    """Whatever is ticked, un-ticked, edited, converted or made in Salesforce, who is unsubscribed
    in HubSpot stays unsubscribed.
    """
    town = Town()
    contact = town.new_contact(hs_email_optout="" if linked_first else "true")
    lead = town.new_lead()
    town.sync(contact)
    town.hubspot.edit(contact, {"hs_email_optout": "true"})
    for name in acts:
        town.wait()
        lead = act(town, lead, contact, name)
        assert town.hubspot.fields(contact)["hs_email_optout"] == "true"
    town.sync(lead, contact)
    town.drain()
    assert town.hubspot.fields(contact)["hs_email_optout"] == "true"
    assert town.salesforce.fields(lead)["HasOptedOutOfEmail"] is True

"""Nothing that happens in Salesforce ever resubscribes a contact (OPT-5, OPT-6)."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmsync.model.records import Ref
from tests.memory.world import MemoryWorld

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


def act(world: MemoryWorld, lead: Ref, contact: Ref, name: str) -> Ref:
    """Do one thing in Salesforce, or deliver a message; the Salesforce record that the person is
    afterwards.
    """
    if name in {"tick", "untick"}:
        world.salesforce.edit(lead, {"HasOptedOutOfEmail": name == "tick"})
    elif name == "edit":
        world.salesforce.edit(lead, {"Phone": str(world.now.timestamp())})
    elif name == "convert" and lead.object == "Lead":
        return world.salesforce.convert(lead)
    elif name == "another lead":
        world.sync(world.new_lead(HasOptedOutOfEmail=False))
    else:
        world.sync(lead if name == "look at the lead" else contact)
    return lead


@pytest.mark.rule("OPT-5")
@pytest.mark.rule("OPT-6")
@given(ACTS, st.booleans())
@example(["convert"], False)
@settings(max_examples=150, deadline=None)
def test_no_sequence_of_salesforce_edits_resubscribes_a_contact(acts, linked_first):
    """Whatever is set, cleared, edited, converted or created in Salesforce, an unsubscribed contact
    stays unsubscribed.
    """
    world = MemoryWorld()
    contact = world.new_contact(hs_email_optout="" if linked_first else "true")
    lead = world.new_lead()
    world.sync(contact)
    world.hubspot.edit(contact, {"hs_email_optout": "true"})
    for name in acts:
        world.wait()
        lead = act(world, lead, contact, name)
        assert world.hubspot.fields(contact)["hs_email_optout"] == "true"
    world.sync(lead, contact)
    world.drain()
    assert world.hubspot.fields(contact)["hs_email_optout"] == "true"
    assert world.salesforce.fields(lead)["HasOptedOutOfEmail"] is True

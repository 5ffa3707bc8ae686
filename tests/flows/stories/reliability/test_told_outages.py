"""Stories of what an operator reads while a side refuses us, and of what is to be done afterwards."""

from __future__ import annotations

import pytest

from local.people import People
from tests.flows.conftest import NewStack
from tests.flows.stories.story_command import command, run
from tests.flows.stories.story_contacts import lead_id, linked_pair, record


@pytest.mark.long
@pytest.mark.parametrize(("side", "crm"), [("hubspot", "HubSpot"), ("salesforce", "Salesforce")])
def test_a_revoked_token_is_told_first_and_needs_no_retry(
    new_stack: NewStack, side: str, crm: str
) -> None:
    """The status and the error inbox begin with it while no record is in the inbox; once the secret
    is right again everything follows by itself, and nothing is said any more.
    """
    stack = new_stack()
    people = People(stack.ready())
    contact, lead = linked_pair(stack, people, "ada@example.com")
    stack.faults([{"at": side, "kind": "token_revoked"}])
    people.edit_contact(contact, phone="+49 731 1")
    people.edit_record("Lead", lead, Title="Pilot")
    people.new_contact(email="bea@example.com", lastname="Holm", company="Example")

    stack.advance(2 * 3600)
    first, *_ = command(stack, "status", status=1)["findings"]
    listed = run(stack, "errors", "list")
    stack.faults([])
    settled = stack.advance(1800)

    assert first.startswith(f"acme: {crm}: ")
    assert (listed.stdout, listed.stderr.startswith(f"acme: {crm}: ")) == ("[]\n", True)
    assert settled["open_errors"] == 0
    assert people.contact(contact, "jobtitle") == {"jobtitle": "Pilot"}
    assert record(people, "Lead", lead, "Phone") == {"Phone": "+49 731 1"}
    assert lead_id(people, "bea@example.com")
    assert run(stack, "errors", "list").stderr == ""

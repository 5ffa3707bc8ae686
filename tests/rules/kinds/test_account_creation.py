"""When a company creates an account: every veto and every reason, by the company's contacts and the
settings (ACC-7 to ACC-12).
"""

from dataclasses import replace

import pytest

from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from crmsync.rules.kinds.account.creation import Member, reasons, veto
from tests.builders import a_connection

LEAD, CONTACT = Ref(Side.SALESFORCE, "Lead", "00Q"), Ref(Side.SALESFORCE, "Contact", "003")


def a_member(salesforce=None, account="", *, qualifies=True):
    """A contact of a company: what it syncs with, its account, and whether it may sync."""
    return Member(Ref(Side.HUBSPOT, "contact", "81"), salesforce, account, qualifies)


NEW = a_member()
OUTSIDER = a_member(qualifies=False)
A_LEAD, FROZEN_LEAD = a_member(LEAD), a_member(LEAD, qualifies=False)
PRIVATE, HIRED = a_member(CONTACT), a_member(CONTACT, "001")
FROZEN_CONTACT = a_member(CONTACT, "001", qualifies=False)
TO_LEAD, TO_CONTACT, BY_ACCOUNT, NEVER = (
    CreateInSalesforce.LEAD,
    CreateInSalesforce.CONTACT,
    CreateInSalesforce.CONTACT_IF_ACCOUNT,
    CreateInSalesforce.NEVER,
)


@pytest.mark.rule("ACC-10")
@pytest.mark.rule("ACC-11")
@pytest.mark.rule("ACC-12")
@pytest.mark.rule("Q-7")
@pytest.mark.rule("Q-8")
@pytest.mark.parametrize(
    ("target", "members", "vetoed_by"),
    [
        pytest.param(TO_CONTACT, [], ("ACC-10",), id="nobody"),
        pytest.param(TO_LEAD, [], ("ACC-10",), id="nobody, leads being made"),
        pytest.param(
            TO_CONTACT, [OUTSIDER], ("ACC-12",), id="an outsider, who would become a contact"
        ),
        pytest.param(
            TO_CONTACT, [OUTSIDER, FROZEN_CONTACT], ("ACC-12",), id="outsiders, one with a contact"
        ),
        pytest.param(TO_LEAD, [FROZEN_LEAD], ("ACC-12",), id="an outsider with a lead"),
        pytest.param(TO_CONTACT, [A_LEAD], ("ACC-11",), id="a lead of the list"),
        pytest.param(TO_CONTACT, [A_LEAD, A_LEAD], ("ACC-11",), id="leads"),
        pytest.param(
            TO_CONTACT, [A_LEAD, FROZEN_LEAD], ("ACC-11",), id="leads, one outside the list"
        ),
        pytest.param(TO_LEAD, [NEW], ("ACC-11",), id="somebody who will be a lead"),
        pytest.param(
            BY_ACCOUNT, [NEW], ("ACC-11",), id="somebody without an account of the domain"
        ),
        pytest.param(NEVER, [NEW], ("ACC-11",), id="somebody who will never be anything"),
        pytest.param(TO_CONTACT, [NEW], (), id="somebody who will be a contact"),
        pytest.param(TO_CONTACT, [A_LEAD, NEW], (), id="a lead and somebody who will be a contact"),
        pytest.param(TO_LEAD, [A_LEAD, HIRED], (), id="a lead and a contact"),
        pytest.param(TO_LEAD, [PRIVATE], (), id="a private contact"),
        pytest.param(TO_LEAD, [PRIVATE, OUTSIDER], (), id="a private contact and an outsider"),
        pytest.param(NEVER, [HIRED], (), id="a contact, with creation off"),
    ],
)
def test_the_vetoes_against_creating_an_account(target, members, vetoed_by):
    """Vetoes come before any reason: no contacts, no contact that qualifies, or only leads."""
    assert veto(members, a_connection(create_in_salesforce=target)) == vetoed_by


@pytest.mark.rule("ACC-7")
@pytest.mark.rule("ACC-8")
@pytest.mark.rule("ACC-9")
@pytest.mark.parametrize(
    ("target", "automatic", "members", "because"),
    [
        pytest.param(
            TO_CONTACT, True, [NEW], ("ACC-7", "ACC-9"), id="automatic, default object contact"
        ),
        pytest.param(TO_CONTACT, False, [NEW], ("ACC-9",), id="not automatic"),
        pytest.param(TO_LEAD, True, [HIRED], ("ACC-9",), id="default object lead"),
        pytest.param(TO_LEAD, True, [PRIVATE], ("ACC-8", "ACC-9"), id="a private contact"),
        pytest.param(TO_CONTACT, True, [PRIVATE, NEW], ("ACC-7", "ACC-8", "ACC-9"), id="all three"),
        pytest.param(TO_LEAD, False, [OUTSIDER], (), id="nobody of the list"),
    ],
)
def test_the_reasons_for_creating_an_account(target, automatic, members, because):
    """Each reason that applies is named."""
    connection = replace(
        a_connection(create_in_salesforce=target),
        companies=CompanySettings(auto_create_and_associate=automatic),
    )
    assert reasons(members, connection) == because


@pytest.mark.rule("ACC-11")
def test_without_contact_sync_no_contact_counts_as_a_lead():
    """With contact sync off, companies with contacts create accounts."""
    assert veto([NEW], a_connection(sync=False)) == ()

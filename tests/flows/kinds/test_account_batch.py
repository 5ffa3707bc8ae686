"""Companies and accounts in batches, against two CRMs in memory: who is paired with whom, what a
batch costs, and what a crash leaves.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from tests.memory.worlds import Town

MANY = 1000
BY_CONTACT = {"create_in_salesforce": CreateInSalesforce.CONTACT}


def a_linked_contact(
    town: Town, email: str = "ada@example.com", account: Ref | None = None, **fields: str
) -> Ref:
    """A HubSpot contact that syncs with a Salesforce contact, under an account or private:
    HubSpot's.
    """
    member = town.new_member(account, email, **fields)
    town.sync(member)
    (contact,) = [one.hubspot for one in town.links.all if one.salesforce == member]
    assert isinstance(contact, Ref)
    return contact


@pytest.mark.rule("ACC-3")
@pytest.mark.rule("ACC-6")
@pytest.mark.long
def test_a_thousand_new_accounts_cost_a_handful_of_calls():
    """Contacts are asked for in one go, companies made in one go, and no call is made per
    record.
    """
    town = Town()
    refs = [town.new_account(Name=f"Example {number}") for number in range(MANY)]

    town.sync(*refs)

    assert len(town.hubspot.refs("company")) == len(town.pairs()) == MANY
    assert town.salesforce.calls == {"read": 2, "update": 1, "of_accounts": 1}
    assert town.hubspot.calls == {"made_by": 1, "create": 1}


@pytest.mark.rule("ACC-9")
@pytest.mark.long
def test_a_thousand_companies_with_contacts_cost_a_handful_of_calls():
    """So do the accounts that companies make: contacts and links of all of them are read
    together.
    """
    town = Town(settings=dict(BY_CONTACT))
    companies = [
        town.new_company(
            town.new_contact(email=f"person{number}@example.com"), name=f"Example {number}"
        )
        for number in range(MANY)
    ]

    town.sync(*companies)

    assert len(town.salesforce.refs("Account")) == len(town.pairs()) == MANY
    assert town.salesforce.calls == {"made_by": 1, "create": 1, "read": 1, "find": 1}
    assert town.hubspot.calls == {"read": 2, "associations": 2, "update": 1}


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_edited_pairs_cost_a_handful_of_calls(side):
    """A pair that is linked costs no read of its contacts, whichever side was edited."""
    town = Town()
    accounts = [town.new_account(Name=f"Example {number}") for number in range(MANY)]
    town.sync(*accounts)
    edited = accounts if side is Side.SALESFORCE else town.hubspot.refs("company")
    for number, ref in enumerate(edited):
        town.crm(side).edit(
            ref, {"Phone" if side is Side.SALESFORCE else "phone": f"+49 731 {number}"}
        )
    town.hubspot.calls.clear()
    town.salesforce.calls.clear()

    town.sync(*edited)

    assert town.crm(side).calls == {"read": 1}
    assert town.crm(side.other).calls == {"read": 1, "update": 1}


@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_does_not_duplicate_an_account(side):
    """A company, or an account, was deleted; the one that is made for the same contact goes on with
    the record across.
    """
    town = Town(settings=dict(BY_CONTACT))
    account = town.new_account()
    ada = a_linked_contact(town, account=account)
    member = town.counterpart(ada)
    town.sync(account)
    town.drain()
    company = town.counterpart(account)
    if side is Side.HUBSPOT:
        town.hubspot.delete(company)
        new = town.new_company(ada, name="Example again")
        pair = (new.id, account.id)
    else:
        new = town.new_account(Name="Example again")
        town.salesforce.edit(member, {"AccountId": new.id})
        town.salesforce.delete(account)
        pair = (company.id, new.id)
    town.sync(new)
    assert (
        town.pairs(),
        len(town.hubspot.refs("company")),
        len(town.salesforce.refs("Account")),
    ) == ({pair}, 1, 1)


@pytest.mark.parametrize("side", Side)
def test_an_echo_reads_one_side_and_writes_nothing(side):
    """A company or account that shows what was agreed costs one read of its own side."""
    town = Town()
    account = town.new_account(Phone="+49 731 1")
    town.sync(account)
    (company,) = town.hubspot.refs("company")
    before = town.writes(), town.crm(side.other).calls.total(), town.crm(side).calls["read"]

    summary = town.sync(company if side is Side.HUBSPOT else account)

    assert (
        town.writes(),
        town.crm(side.other).calls.total(),
        town.crm(side).calls["read"] - 1,
    ) == before
    assert summary.counts["Quiet"] == 1


@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("first", Side)
def test_contacts_pair_their_company_with_their_account(first):
    """Whichever of the two is synced first, and though name and domain differ, no third record
    is made; each keeps the other's id.
    """
    town = Town()
    account = town.new_account(Name="Beispiel AG", Website="beispiel.example")
    company = town.new_company(a_linked_contact(town, account=account), domain="example.com")
    town.outbox.delayed = []

    town.sync(company if first is Side.HUBSPOT else account)
    town.drain()

    assert town.pairs() == {(company.id, account.id)}
    assert (len(town.hubspot.refs("company")), len(town.salesforce.refs("Account"))) == (1, 1)
    assert town.hubspot.fields(company)["crmsync_salesforce_id"] == account.id
    assert town.salesforce.fields(account)["Crmsync_HubSpot_Id__c"] == f"555001-{company.id}"


@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("first", Side)
@pytest.mark.parametrize("target", [CreateInSalesforce.LEAD, CreateInSalesforce.CONTACT])
def test_contacts_that_are_not_linked_yet_speak_already(first, target):
    """People known on both sides by one address pair their company and account, even where these
    are synced before the people are.
    """
    town = Town(settings={"create_in_salesforce": target})
    account = town.new_account(Name="Beispiel AG")
    town.new_member(account)
    company = town.new_company(town.new_contact())

    town.sync(company if first is Side.HUBSPOT else account)

    assert town.pairs() == {(company.id, account.id)}
    assert (len(town.hubspot.refs("company")), len(town.salesforce.refs("Account"))) == (1, 1)


@pytest.mark.rule("CH-15")
@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("order", ["account first", "contact first", "together"])
def test_a_leads_conversion_with_a_new_account_makes_no_second_company(order):
    """The converted lead's new account belongs to the company that the person has in HubSpot,
    whichever change comes first.
    """
    town = Town()
    ada = town.new_contact()
    company = town.new_company(ada)
    town.sync(ada, company)
    (lead,) = town.salesforce.refs("Lead")
    account = town.new_account(Name="Beispiel AG")
    contact = town.salesforce.convert(lead)
    town.salesforce.edit(contact, {"AccountId": account.id})

    if order == "together":
        town.sync(lead, contact, account)
    else:
        changes = [(account,), (lead, contact)]
        for refs in changes if order == "account first" else reversed(changes):
            town.sync(*refs)
            town.drain()
    town.drain()

    assert town.pairs() == {(company.id, account.id)}
    assert town.hubspot.refs("company") == [company]
    assert town.associations.primary(ada) == company


@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", [0, 1])
def test_two_companies_whose_contacts_name_one_account(first, together):
    """The one that more contacts speak for is its company, whatever the order; the other one's
    values do not come into the account.
    """
    town = Town()
    account = town.new_account(Name="Beispiel AG")
    one, two, three = (
        a_linked_contact(town, f"person{number}@example.com", account) for number in range(3)
    )
    less, more = (
        town.new_company(one, name="Less", phone="1"),
        town.new_company(two, three, name="More", phone="2"),
    )
    town.outbox.delayed = []
    order = (less, more) if first == 0 else (more, less)

    for refs in [order] if together else [order[:1], order[1:]]:
        town.sync(*refs)

    assert (more.id, account.id) in town.pairs()
    assert town.salesforce.fields(account)["Phone"] == "2"
    assert town.hubspot.fields(less)["phone"] == "1"


@pytest.mark.rule("DUP-3")
@pytest.mark.rule("DUP-5")
@pytest.mark.parametrize("side", Side)
def test_a_pair_lasts_whatever_its_contacts_do(side):
    """All contacts of a company go elsewhere, on either side: the pair stays, and a sync of each of
    the two changes nothing about it.
    """
    town = Town()
    account, other = town.new_account(), town.new_account(Name="Other")
    ada = a_linked_contact(town, account=account)
    company = town.new_company(ada)
    town.sync(company, other)
    town.drain()
    elsewhere = next(one for one in town.hubspot.refs("company") if one != company)
    pairs = town.pairs()
    town.wait()

    if side is Side.HUBSPOT:
        town.associations.put_together(ada, elsewhere, primary=True)
    else:
        town.salesforce.edit(town.salesforce.refs("Contact")[0], {"AccountId": other.id})
    town.sync(ada, *town.salesforce.refs("Contact"))
    town.sync(company, elsewhere, account, other, cause=Cause.RESYNC)
    town.drain()

    assert town.pairs() == pairs == {(company.id, account.id), (elsewhere.id, other.id)}
    assert town.associations.primary(ada) == elsewhere
    assert town.salesforce.fields(town.salesforce.refs("Contact")[0])["AccountId"] == other.id


@pytest.mark.rule("DUP-3")
def test_an_account_whose_company_is_taken_gets_one_of_its_own():
    """A second account of one company's contacts never shares it: it makes a company of its own."""
    town = Town()
    first, second = town.new_account(Name="First"), town.new_account(Name="Second")
    ada, bob = (
        a_linked_contact(town, account=first),
        a_linked_contact(town, "bob@example.com", second),
    )
    company = town.new_company(ada, bob)
    town.outbox.delayed = []

    town.sync(first)
    town.sync(second)

    (own,) = [one for one in town.hubspot.refs("company") if one != company]
    assert town.pairs() == {(company.id, first.id), (own.id, second.id)}


@pytest.mark.rule("CH-15")
@pytest.mark.parametrize("first", Side)
@pytest.mark.parametrize("on", [True, False])
def test_a_domain_pairs_only_where_the_settings_say_so(first, on):
    """With the setting, a company and an account of one domain are a pair where no contact says
    otherwise; without it they are not.
    """
    town = Town(companies=CompanySettings(match_by_domain=on), settings=dict(BY_CONTACT))
    account = town.new_account(Website="https://www.example.com/about")
    company = town.new_company(town.new_contact(), domain="example.com")

    town.sync(company if first is Side.HUBSPOT else account)

    assert ((company.id, account.id) in town.pairs()) is on


@pytest.mark.rule("CH-15")
@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("first", Side)
def test_a_domain_never_breaks_a_pair(first):
    """A company that is a pair already stays with its account, though another account, or company,
    has its domain.
    """
    town = Town(companies=CompanySettings(match_by_domain=True), settings=dict(BY_CONTACT))
    account = town.new_account(Website="example.com")
    town.sync(account)
    (company,) = town.hubspot.refs("company")
    pair = (company.id, account.id)
    if first is Side.SALESFORCE:
        town.salesforce.edit(account, {"Website": "example.org"})
        newcomer = town.new_account(Name="Twin", Website="example.com")
    else:
        town.hubspot.edit(company, {"domain": "example.org"})
        newcomer = town.new_company(town.new_contact(), domain="example.com")

    town.sync(newcomer)

    assert len(town.pairs()) == 2
    assert pair in town.pairs()


@pytest.mark.rule("CH-15")
def test_contacts_go_before_a_domain():
    """The account of the contacts is the company's, though another account has its domain."""
    town = Town(companies=CompanySettings(match_by_domain=True))
    account, namesake = (
        town.new_account(Name="Beispiel AG"),
        town.new_account(Website="example.com"),
    )
    company = town.new_company(a_linked_contact(town, account=account), domain="example.com")
    town.outbox.delayed = []

    town.sync(company)

    assert town.pairs() == {(company.id, account.id)}
    assert namesake.id not in {other for _, other in town.pairs()}


@pytest.mark.parametrize("side", Side)
def test_a_crash_between_the_create_and_the_link_makes_no_second_record(side):
    """The new record was never linked: the next sync finds it by the id of the other that it keeps,
    and links the two.
    """
    town = Town(settings=dict(BY_CONTACT))
    born = town.new_account() if side is Side.SALESFORCE else town.new_company(town.new_contact())
    save, town.links.save = town.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    town.sync(born)
    town.links.save = save

    town.drain()

    assert (
        len(town.hubspot.refs("company")),
        len(town.salesforce.refs("Account")),
        len(town.pairs()),
    ) == (1, 1, 1)


@pytest.mark.parametrize("side", Side)
def test_a_crash_is_mended_by_the_newborns_own_change_too(side):
    """The queue forgot the first change: the newborn's own news finds the record that made it."""
    town = Town(settings=dict(BY_CONTACT))
    born = town.new_account() if side is Side.SALESFORCE else town.new_company(town.new_contact())
    save, town.links.save = town.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    town.sync(born)
    town.links.save, town.outbox.delayed = save, []
    (newborn,) = town.crm(side.other).refs("company" if side is Side.SALESFORCE else "Account")

    town.sync(newborn)

    assert (
        len(town.hubspot.refs("company")),
        len(town.salesforce.refs("Account")),
        len(town.pairs()),
    ) == (1, 1, 1)


def test_two_workers_that_meet_one_pair_from_both_sides_link_it_once():
    """While one worker is about to link company and account, another one does: the first syncs
    again and finds nothing left to do.
    """
    town = Town()
    account = town.new_account(Name="Beispiel AG")
    company = town.new_company(a_linked_contact(town, account=account), phone="1")
    town.outbox.delayed = []
    save = town.links.save

    def late(links):
        town.links.save = save
        town.sync(account)
        return save(links)

    town.links.save = late
    town.sync(company)
    town.drain()

    assert town.pairs() == {(company.id, account.id)}
    assert town.inbox.parked("acme") == []
    assert town.salesforce.fields(account)["Phone"] == "1"


@pytest.mark.rule("FLD-8")
def test_a_contact_waits_for_its_account_and_is_made_under_it():
    """A new contact of a new company, Salesforce contacts being made: account first, then the
    contact under it, each once.
    """
    town = Town(settings=dict(BY_CONTACT))
    ada = town.new_contact()
    company = town.new_company(ada)

    town.sync(ada)
    town.drain()

    (account,) = town.salesforce.refs("Account")
    (contact,) = town.salesforce.refs("Contact")
    assert town.salesforce.fields(contact)["AccountId"] == account.id
    assert town.pairs() == {(company.id, account.id)}


@pytest.mark.rule("ACC-1")
@pytest.mark.rule("SET-4")
def test_with_companies_switched_off_a_contact_does_not_wait_for_any():
    """The contact is made without an account, and nothing is asked about companies."""
    town = Town(settings=dict(BY_CONTACT), companies=CompanySettings(sync=False))
    ada = town.new_contact()
    town.new_company(ada)

    town.sync(ada)

    (contact,) = town.salesforce.refs("Contact")
    assert "AccountId" not in town.salesforce.fields(contact)
    assert (town.salesforce.refs("Account"), town.outbox.delayed) == ([], [])

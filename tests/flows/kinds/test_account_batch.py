"""Companies and accounts in batches, against two CRMs in memory: who is paired with whom, what a
batch costs, and what a crash leaves.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from tests.memory.world import MemoryWorld

MANY = 1000
BY_CONTACT = {"create_in_salesforce": CreateInSalesforce.CONTACT}


def a_linked_contact(
    world: MemoryWorld, email: str = "ada@example.com", account: Ref | None = None, **fields: str
) -> Ref:
    """A HubSpot contact that syncs with a Salesforce contact, under an account or private:
    HubSpot's.
    """
    member = world.new_salesforce_contact(account, email, **fields)
    world.sync(member)
    (contact,) = [one.hubspot for one in world.links.all if one.salesforce == member]
    assert isinstance(contact, Ref)
    return contact


@pytest.mark.rule("ACC-3")
@pytest.mark.rule("ACC-6")
@pytest.mark.long
def test_a_thousand_new_accounts_cost_a_handful_of_calls():
    """Contacts are asked for in one go, companies made in one go, and no call is made per
    record.
    """
    world = MemoryWorld()
    refs = [world.new_account(Name=f"Example {number}") for number in range(MANY)]

    world.sync(*refs)

    assert len(world.hubspot.refs("company")) == len(world.pairs()) == MANY
    assert world.salesforce.calls == {"read": 2, "update": 1, "of_accounts": 1}
    assert world.hubspot.calls == {"made_by": 1, "create": 1}


@pytest.mark.rule("ACC-9")
@pytest.mark.long
def test_a_thousand_companies_with_contacts_cost_a_handful_of_calls():
    """So do the accounts that companies make: contacts and links of all of them are read
    together.
    """
    world = MemoryWorld(settings=dict(BY_CONTACT))
    companies = [
        world.new_company(
            world.new_contact(email=f"person{number}@example.com"), name=f"Example {number}"
        )
        for number in range(MANY)
    ]

    world.sync(*companies)

    assert len(world.salesforce.refs("Account")) == len(world.pairs()) == MANY
    assert world.salesforce.calls == {"made_by": 1, "create": 1, "read": 1, "find": 1}
    assert world.hubspot.calls == {"read": 2, "associations": 2, "update": 1}


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_edited_pairs_cost_a_handful_of_calls(side):
    """A pair that is linked costs no read of its contacts, whichever side was edited."""
    world = MemoryWorld()
    accounts = [world.new_account(Name=f"Example {number}") for number in range(MANY)]
    world.sync(*accounts)
    edited = accounts if side is Side.SALESFORCE else world.hubspot.refs("company")
    for number, ref in enumerate(edited):
        world.crm(side).edit(
            ref, {"Phone" if side is Side.SALESFORCE else "phone": f"+49 731 {number}"}
        )
    world.hubspot.calls.clear()
    world.salesforce.calls.clear()

    world.sync(*edited)

    assert world.crm(side).calls == {"read": 1}
    assert world.crm(side.other).calls == {"read": 1, "update": 1}


@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("side", Side)
def test_an_unreported_deletion_does_not_duplicate_an_account(side):
    """A company, or an account, was deleted; the one that is made for the same contact goes on with
    the record across.
    """
    world = MemoryWorld(settings=dict(BY_CONTACT))
    account = world.new_account()
    ada = a_linked_contact(world, account=account)
    member = world.counterpart(ada)
    world.sync(account)
    world.drain()
    company = world.counterpart(account)
    if side is Side.HUBSPOT:
        world.hubspot.delete(company)
        new = world.new_company(ada, name="Example again")
        pair = (new.id, account.id)
    else:
        new = world.new_account(Name="Example again")
        world.salesforce.edit(member, {"AccountId": new.id})
        world.salesforce.delete(account)
        pair = (company.id, new.id)
    world.sync(new)
    assert (
        world.pairs(),
        len(world.hubspot.refs("company")),
        len(world.salesforce.refs("Account")),
    ) == ({pair}, 1, 1)


@pytest.mark.parametrize("side", Side)
def test_an_echo_reads_one_side_and_writes_nothing(side):
    """A company or account that shows what was agreed costs one read of its own side."""
    world = MemoryWorld()
    account = world.new_account(Phone="+49 731 1")
    world.sync(account)
    (company,) = world.hubspot.refs("company")
    before = world.writes(), world.crm(side.other).calls.total(), world.crm(side).calls["read"]

    summary = world.sync(company if side is Side.HUBSPOT else account)

    assert (
        world.writes(),
        world.crm(side.other).calls.total(),
        world.crm(side).calls["read"] - 1,
    ) == before
    assert summary.counts["Quiet"] == 1


@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("first", Side)
def test_contacts_pair_their_company_with_their_account(first):
    """Whichever of the two is synced first, and though name and domain differ, no third record
    is made; each keeps the other's id.
    """
    world = MemoryWorld()
    account = world.new_account(Name="Beispiel AG", Website="beispiel.example")
    company = world.new_company(a_linked_contact(world, account=account), domain="example.com")
    world.outbox.delayed = []

    world.sync(company if first is Side.HUBSPOT else account)
    world.drain()

    assert world.pairs() == {(company.id, account.id)}
    assert (len(world.hubspot.refs("company")), len(world.salesforce.refs("Account"))) == (1, 1)
    assert world.hubspot.fields(company)["crmsync_salesforce_id"] == account.id
    assert world.salesforce.fields(account)["Crmsync_HubSpot_Id__c"] == f"555001-{company.id}"


@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("first", Side)
@pytest.mark.parametrize("target", [CreateInSalesforce.LEAD, CreateInSalesforce.CONTACT])
def test_contacts_that_are_not_linked_yet_speak_already(first, target):
    """People known on both sides by one address pair their company and account, even where these
    are synced before the people are.
    """
    world = MemoryWorld(settings={"create_in_salesforce": target})
    account = world.new_account(Name="Beispiel AG")
    world.new_salesforce_contact(account)
    company = world.new_company(world.new_contact())

    world.sync(company if first is Side.HUBSPOT else account)

    assert world.pairs() == {(company.id, account.id)}
    assert (len(world.hubspot.refs("company")), len(world.salesforce.refs("Account"))) == (1, 1)


@pytest.mark.rule("CH-15")
@pytest.mark.rule("DUP-2")
@pytest.mark.parametrize("order", ["account first", "contact first", "together"])
def test_a_leads_conversion_with_a_new_account_makes_no_second_company(order):
    """The converted lead's new account belongs to the company that the person has in HubSpot,
    whichever change comes first.
    """
    world = MemoryWorld()
    ada = world.new_contact()
    company = world.new_company(ada)
    world.sync(ada, company)
    (lead,) = world.salesforce.refs("Lead")
    account = world.new_account(Name="Beispiel AG")
    contact = world.salesforce.convert(lead)
    world.salesforce.edit(contact, {"AccountId": account.id})

    if order == "together":
        world.sync(lead, contact, account)
    else:
        changes = [(account,), (lead, contact)]
        for refs in changes if order == "account first" else reversed(changes):
            world.sync(*refs)
            world.drain()
    world.drain()

    assert world.pairs() == {(company.id, account.id)}
    assert world.hubspot.refs("company") == [company]
    assert world.associations.primary(ada) == company


@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", [0, 1])
def test_two_companies_whose_contacts_name_one_account(first, together):
    """The one that more contacts speak for is its company, whatever the order; the other one's
    values do not come into the account.
    """
    world = MemoryWorld()
    account = world.new_account(Name="Beispiel AG")
    one, two, three = (
        a_linked_contact(world, f"person{number}@example.com", account) for number in range(3)
    )
    less, more = (
        world.new_company(one, name="Less", phone="1"),
        world.new_company(two, three, name="More", phone="2"),
    )
    world.outbox.delayed = []
    order = (less, more) if first == 0 else (more, less)

    for refs in [order] if together else [order[:1], order[1:]]:
        world.sync(*refs)

    assert (more.id, account.id) in world.pairs()
    assert world.salesforce.fields(account)["Phone"] == "2"
    assert world.hubspot.fields(less)["phone"] == "1"


@pytest.mark.rule("DUP-3")
@pytest.mark.rule("DUP-5")
@pytest.mark.parametrize("side", Side)
def test_a_pair_lasts_whatever_its_contacts_do(side):
    """All contacts of a company go elsewhere, on either side: the pair stays, and a sync of each of
    the two changes nothing about it.
    """
    world = MemoryWorld()
    account, other = world.new_account(), world.new_account(Name="Other")
    ada = a_linked_contact(world, account=account)
    company = world.new_company(ada)
    world.sync(company, other)
    world.drain()
    elsewhere = next(one for one in world.hubspot.refs("company") if one != company)
    pairs = world.pairs()
    world.wait()

    if side is Side.HUBSPOT:
        world.associations.add_association(ada, elsewhere, primary=True)
    else:
        world.salesforce.edit(world.salesforce.refs("Contact")[0], {"AccountId": other.id})
    world.sync(ada, *world.salesforce.refs("Contact"))
    world.sync(company, elsewhere, account, other, cause=Cause.RESYNC)
    world.drain()

    assert world.pairs() == pairs == {(company.id, account.id), (elsewhere.id, other.id)}
    assert world.associations.primary(ada) == elsewhere
    assert world.salesforce.fields(world.salesforce.refs("Contact")[0])["AccountId"] == other.id


@pytest.mark.rule("DUP-3")
def test_an_account_whose_company_is_taken_gets_one_of_its_own():
    """A second account of one company's contacts never shares it: it makes a company of its own."""
    world = MemoryWorld()
    first, second = world.new_account(Name="First"), world.new_account(Name="Second")
    ada, bob = (
        a_linked_contact(world, account=first),
        a_linked_contact(world, "bob@example.com", second),
    )
    company = world.new_company(ada, bob)
    world.outbox.delayed = []

    world.sync(first)
    world.sync(second)

    (own,) = [one for one in world.hubspot.refs("company") if one != company]
    assert world.pairs() == {(company.id, first.id), (own.id, second.id)}


@pytest.mark.rule("CH-15")
@pytest.mark.parametrize("first", Side)
@pytest.mark.parametrize("on", [True, False])
def test_a_domain_pairs_only_where_the_settings_say_so(first, on):
    """With the setting, a company and an account of one domain are a pair where no contact says
    otherwise; without it they are not.
    """
    world = MemoryWorld(companies=CompanySettings(match_by_domain=on), settings=dict(BY_CONTACT))
    account = world.new_account(Website="https://www.example.com/about")
    company = world.new_company(world.new_contact(), domain="example.com")

    world.sync(company if first is Side.HUBSPOT else account)

    assert ((company.id, account.id) in world.pairs()) is on


@pytest.mark.rule("CH-15")
@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("first", Side)
def test_a_domain_never_breaks_a_pair(first):
    """A company that is a pair already stays with its account, though another account, or company,
    has its domain.
    """
    world = MemoryWorld(companies=CompanySettings(match_by_domain=True), settings=dict(BY_CONTACT))
    account = world.new_account(Website="example.com")
    world.sync(account)
    (company,) = world.hubspot.refs("company")
    pair = (company.id, account.id)
    if first is Side.SALESFORCE:
        world.salesforce.edit(account, {"Website": "example.org"})
        newcomer = world.new_account(Name="Twin", Website="example.com")
    else:
        world.hubspot.edit(company, {"domain": "example.org"})
        newcomer = world.new_company(world.new_contact(), domain="example.com")

    world.sync(newcomer)

    assert len(world.pairs()) == 2
    assert pair in world.pairs()


@pytest.mark.rule("CH-15")
def test_contacts_go_before_a_domain():
    """The account of the contacts is the company's, though another account has its domain."""
    world = MemoryWorld(companies=CompanySettings(match_by_domain=True))
    account, namesake = (
        world.new_account(Name="Beispiel AG"),
        world.new_account(Website="example.com"),
    )
    company = world.new_company(a_linked_contact(world, account=account), domain="example.com")
    world.outbox.delayed = []

    world.sync(company)

    assert world.pairs() == {(company.id, account.id)}
    assert namesake.id not in {other for _, other in world.pairs()}


@pytest.mark.parametrize("side", Side)
def test_a_crash_between_the_create_and_the_link_makes_no_second_record(side):
    """The new record was never linked: the next sync finds it by the id of the other that it keeps,
    and links the two.
    """
    world = MemoryWorld(settings=dict(BY_CONTACT))
    born = (
        world.new_account() if side is Side.SALESFORCE else world.new_company(world.new_contact())
    )
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(born)
    world.links.save = save

    world.drain()

    assert (
        len(world.hubspot.refs("company")),
        len(world.salesforce.refs("Account")),
        len(world.pairs()),
    ) == (1, 1, 1)


@pytest.mark.parametrize("side", Side)
def test_a_crash_is_mended_by_the_newborns_own_change_too(side):
    """The queue forgot the first change: the newborn's own news finds the record that made it."""
    world = MemoryWorld(settings=dict(BY_CONTACT))
    born = (
        world.new_account() if side is Side.SALESFORCE else world.new_company(world.new_contact())
    )
    save, world.links.save = world.links.save, lambda links: [TryAgain("Killed.") for _ in links]
    world.sync(born)
    world.links.save, world.outbox.delayed = save, []
    (newborn,) = world.crm(side.other).refs("company" if side is Side.SALESFORCE else "Account")

    world.sync(newborn)

    assert (
        len(world.hubspot.refs("company")),
        len(world.salesforce.refs("Account")),
        len(world.pairs()),
    ) == (1, 1, 1)


def test_two_workers_that_meet_one_pair_from_both_sides_link_it_once():
    """While one worker is about to link company and account, another one does: the first syncs
    again and finds nothing left to do.
    """
    world = MemoryWorld()
    account = world.new_account(Name="Beispiel AG")
    company = world.new_company(a_linked_contact(world, account=account), phone="1")
    world.outbox.delayed = []
    save = world.links.save

    def late(links):
        world.links.save = save
        world.sync(account)
        return save(links)

    world.links.save = late
    world.sync(company)
    world.drain()

    assert world.pairs() == {(company.id, account.id)}
    assert world.inbox.parked("acme") == []
    assert world.salesforce.fields(account)["Phone"] == "1"


@pytest.mark.rule("FLD-8")
def test_a_contact_waits_for_its_account_and_is_made_under_it():
    """A new contact of a new company, Salesforce contacts being made: account first, then the
    contact under it, each once.
    """
    world = MemoryWorld(settings=dict(BY_CONTACT))
    ada = world.new_contact()
    company = world.new_company(ada)

    world.sync(ada)
    world.drain()

    (account,) = world.salesforce.refs("Account")
    (contact,) = world.salesforce.refs("Contact")
    assert world.salesforce.fields(contact)["AccountId"] == account.id
    assert world.pairs() == {(company.id, account.id)}


@pytest.mark.rule("ACC-1")
@pytest.mark.rule("SET-4")
def test_with_companies_switched_off_a_contact_does_not_wait_for_any():
    """The contact is made without an account, and nothing is asked about companies."""
    world = MemoryWorld(settings=dict(BY_CONTACT), companies=CompanySettings(sync=False))
    ada = world.new_contact()
    world.new_company(ada)

    world.sync(ada)

    (contact,) = world.salesforce.refs("Contact")
    assert "AccountId" not in world.salesforce.fields(contact)
    assert (world.salesforce.refs("Account"), world.outbox.delayed) == ([], [])

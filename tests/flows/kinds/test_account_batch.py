"""Companies and accounts in batches, against two CRMs in memory: how they are paired, what a batch
costs, and what a crash leaves.
"""

from __future__ import annotations

import pytest

from crmsync.errors import TryAgain
from crmsync.model.changes import Cause
from crmsync.model.names import SALESFORCE_KEY
from crmsync.model.records import Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from tests.memory.world import MemoryWorld

MANY = 1000
BY_CONTACT = {"create_in_salesforce": CreateInSalesforce.CONTACT}


def a_linked_contact(
    world: MemoryWorld, email: str = "ada@example.com", account: Ref | None = None, **fields: str
) -> Ref:
    """Make a HubSpot contact that syncs with a Salesforce contact, in an account or without one;
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
def test_a_thousand_new_accounts_take_few_calls():
    """Contacts are read together, companies are created together, and no call is made per
    record.
    """
    world = MemoryWorld()
    refs = [world.new_account(Name=f"Example {number}") for number in range(MANY)]

    world.sync(*refs)

    assert len(world.hubspot.refs("company")) == len(world.pairs()) == MANY
    # Contacts are read once more when the links are saved: one may have come meanwhile.
    assert world.salesforce.calls == {"read": 2, "update": 1, "of_accounts": 2}
    # The deals of the new companies as well: one may have been associated meanwhile.
    assert world.hubspot.calls == {"made_by": 1, "create": 1, "associations": 1}


@pytest.mark.rule("ACC-9")
@pytest.mark.long
def test_a_thousand_companies_with_contacts_take_few_calls():
    """Contacts and links of all companies are read together, and their accounts are created
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
    # The last ones when the links are saved: an opportunity or a contact may have come meanwhile.
    assert world.salesforce.calls == {
        "made_by": 1,
        "create": 1,
        "read": 1,
        "find": 1,
        "of_accounts": 1,
    }
    assert world.hubspot.calls == {"read": 2, "associations": 3, "update": 1}


@pytest.mark.parametrize("side", Side)
@pytest.mark.long
def test_a_thousand_edited_pairs_take_few_calls(side):
    """The contacts of a linked pair are not read, whichever side was edited."""
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
    """If a company or an account was deleted unnoticed, the new one of the same contact is linked
    with the remaining record, and the account names its company.
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
    left = Ref(Side.SALESFORCE, "Account", pair[1])
    assert world.salesforce.fields(left)[SALESFORCE_KEY] == f"555001-{pair[0]}"


@pytest.mark.parametrize("side", Side)
def test_an_echo_reads_one_side_and_writes_nothing(side):
    """A company or account that equals the baseline costs one read of its own side."""
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
    """Whichever is synced first, and although name and domain differ, the two are linked and no
    third record is created.
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
def test_contacts_that_are_not_linked_yet_pair_their_company_with_their_account(first, target):
    """Contacts known on both sides by their address count even if company and account are synced
    before them.
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
def test_a_lead_converted_to_a_new_account_creates_no_second_company(order):
    """The new account is paired with the contact's company, whichever change comes first."""
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
def test_of_two_companies_with_contacts_in_one_account_the_one_with_more_is_paired(first, together):
    """The order does not matter, and the other company's values are not written to the account."""
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
def test_a_pair_stays_linked_when_its_contacts_leave(side):
    """All contacts leave on either side, and a sync of either record changes nothing."""
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
def test_an_account_whose_company_is_already_paired_creates_another():
    """A second account of the company's contacts does not share the company."""
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
def test_a_domain_pairs_only_with_the_setting(first, on):
    """With the setting, a company and an account with one domain are paired unless contacts say
    otherwise.
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
    """A paired company stays with its account even if another account has its domain."""
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
def test_contacts_take_precedence_over_a_domain():
    """A company is paired with the account of its contacts, even if another account has its
    domain.
    """
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
def test_a_crash_between_create_and_link_creates_no_second_record(side):
    """The next sync finds the unlinked record by the id that it keeps of the other, and links
    them.
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
def test_a_crash_is_also_repaired_by_the_new_records_own_change(side):
    """If the first change is lost, the new record's own change finds its counterpart."""
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


def test_two_workers_at_one_pair_link_it_once():
    """A worker that loses the race for the link syncs again and has nothing left to do."""
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
def test_a_contact_waits_for_its_account_and_is_created_in_it():
    """For a new contact of a new company, the account is created first and then the contact in it,
    each once.
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
def test_with_company_sync_off_a_contact_waits_for_no_account():
    """The contact is created without an account, and companies are not read."""
    world = MemoryWorld(settings=dict(BY_CONTACT), companies=CompanySettings(sync=False))
    ada = world.new_contact()
    world.new_company(ada)

    world.sync(ada)

    (contact,) = world.salesforce.refs("Contact")
    assert "AccountId" not in world.salesforce.fields(contact)
    assert (world.salesforce.refs("Account"), world.outbox.delayed) == ([], [])

"""Companies that a contact still has without being their primary one, once it loses its primary one:
the contact decides for them from then on.
"""

from __future__ import annotations

import pytest

from crmsync.model.records import Ref
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from tests.memory.world import MemoryWorld

BY_CONTACT = {"create_in_salesforce": CreateInSalesforce.CONTACT}


class Home:
    """A contact of two companies. The first one is its primary one and has an account; the second
    one has none, as nobody decides for it.
    """

    def __init__(self, companies: CompanySettings | None = None) -> None:
        """Everything is in step."""
        self.world = MemoryWorld(
            settings=dict(BY_CONTACT), companies=companies or CompanySettings()
        )
        self.ada = self.world.new_contact()
        self.first = self.world.new_company(self.ada, name="First")
        self.second = self.world.new_company(self.ada, name="Second")
        self.sync(self.ada, self.first, self.second)
        (self.account,) = self.world.salesforce.refs("Account")
        assert self.world.pairs() == {(self.first.id, self.account.id)}

    def sync(self, *refs: Ref) -> None:
        """These changes and all that follow from them."""
        self.world.wait()
        self.world.sync(*refs)
        self.world.drain()

    def account_of(self, company: Ref) -> object:
        """The account that a company is linked with, None without a link."""
        links = (one for one in self.world.links.all if one.hubspot == company)
        return next((one.salesforce for one in links), None)

    def rests(self) -> bool:
        """Whether one more look at everything writes nothing."""
        before = self.world.writes()
        theirs = (*self.world.salesforce.refs("Account"), *self.world.salesforce.refs("Contact"))
        self.sync(self.ada, *self.world.hubspot.refs("company"), *theirs)
        return self.world.writes() == before


@pytest.mark.rule("DUP-2")
def test_the_other_company_takes_the_account_of_one_that_was_deleted() -> None:
    """The account has lost its company, and the contact belongs to both."""
    home = Home()
    home.world.hubspot.delete(home.first)
    home.sync(home.first)
    home.sync(home.ada)
    assert home.account_of(home.second) == home.account
    assert home.rests()


@pytest.mark.rule("ACC-9")
def test_the_other_company_gets_an_account_of_its_own_while_the_first_one_is_there() -> None:
    """The contact leaves its primary company, whose account stays its own (DUP-5)."""
    home = Home()
    home.world.associations.remove_association(home.ada, home.first)
    home.sync(home.ada, home.first)
    assert home.account_of(home.first) == home.account
    assert home.account_of(home.second) not in {None, home.account}
    assert home.rests()


@pytest.mark.rule("ACC-9")
def test_the_other_company_gets_an_account_where_the_contacts_own_pair_ends_as_well() -> None:
    """The account is deleted in Salesforce, and with it the contact there; before anything has read
    that, the contact leaves its company in HubSpot.
    """
    home = Home()
    home.world.salesforce.delete(home.account)
    home.world.associations.remove_association(home.ada, home.first)
    home.sync(home.ada, home.first)
    assert home.account_of(home.second) not in {None, home.account}
    assert home.rests()


@pytest.mark.rule("Q-29")
def test_the_other_company_gets_an_account_where_crmsync_takes_the_first_one_away() -> None:
    """The contact loses its account in Salesforce, and so its primary company in HubSpot: our own
    removal brings no news.
    """
    home = Home(CompanySettings(remove_associations=True))
    (contact,) = home.world.salesforce.refs("Contact")
    home.world.salesforce.edit(contact, {"AccountId": None})
    home.sync(contact)
    assert home.world.associations.primary(home.ada) is None
    assert home.account_of(home.second) not in {None, home.account}
    assert home.rests()


def test_other_edits_read_no_companies() -> None:
    """A new number, or another primary company, costs no call for associations."""
    home = Home()
    for _ in range(2):
        home.world.hubspot.calls.clear()
        home.world.wait()
        home.world.hubspot.edit(home.ada, {"phone": "1"})
        home.world.sync(home.ada)
        assert home.world.hubspot.calls["associations"] == 0
        home.world.associations.add_association(home.ada, home.second, primary=True)

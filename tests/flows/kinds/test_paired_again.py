"""Contacts whose company or account lost its counterpart, once it gets one again: nobody touches the
contacts then.
"""

from __future__ import annotations

import pytest

from crmsync.model.records import Ref
from crmsync.model.settings import CreateInSalesforce
from tests.memory.world import MemoryWorld


class Widowed:
    """Ada has a Salesforce contact. A company and an account were a pair, and one of them was
    deleted.
    """

    def __init__(self, deleted: str) -> None:
        """Delete the company, or the account; everything is in step."""
        self.world = MemoryWorld(settings={"create_in_salesforce": CreateInSalesforce.CONTACT})
        self.ada = self.world.new_contact()
        self.account = self.world.new_account()
        self.sync(self.ada, self.account)
        (self.contact,) = self.world.salesforce.refs("Contact")
        self.company = self.world.counterpart(self.account)
        self.gone = self.company if deleted == "company" else self.account
        self.world.crm(self.gone.side).delete(self.gone)
        self.sync(self.gone)

    def sync(self, *refs: Ref) -> None:
        """These changes and all that follow from them."""
        self.world.wait()
        self.world.sync(*refs)
        self.world.drain()

    def join_account(self) -> None:
        """Ada's Salesforce contact moves to the account, and is synced. So is another edit."""
        self.world.salesforce.edit(self.contact, {"AccountId": self.account.id, "Title": "Baker"})
        self.sync(self.contact)

    def join_company(self) -> None:
        """Ada's contact gets the company as its primary one, and is synced. So is another edit."""
        self.world.hubspot.edit(self.ada, {"phone": "0101"})
        self.world.associations.add_association(self.ada, self.company, primary=True)
        self.sync(self.ada)

    def shown(self) -> tuple[Ref | None, object]:
        """The company and the account that Ada has."""
        account = self.world.salesforce.fields(self.contact).get("AccountId")
        return self.world.associations.primary(self.ada), account

    def rests(self) -> bool:
        """Whether one more look at everything writes nothing."""
        before = self.world.writes()
        accounts = self.world.salesforce.refs("Account")
        self.sync(self.ada, self.contact, *self.world.hubspot.refs("company"), *accounts)
        return self.world.writes() == before


@pytest.mark.rule("FLD-8")
def test_a_contact_gets_the_company_of_its_account_when_that_is_restored() -> None:
    """It moved to the account while the company was deleted."""
    home = Widowed("company")
    home.join_account()
    assert home.shown() == (None, home.account.id)
    assert home.rests()
    home.world.hubspot.restore(home.company)
    home.sync(home.company)
    assert home.shown() == (home.company, home.account.id)
    assert home.rests()


@pytest.mark.rule("FLD-8")
def test_a_contact_gets_the_account_of_its_company_when_that_is_restored() -> None:
    """It joined the company while the account was deleted."""
    home = Widowed("account")
    home.join_company()
    assert home.shown() == (home.company, None)
    assert home.rests()
    home.world.salesforce.restore(home.account)
    home.sync(home.account)
    assert home.shown() == (home.company, home.account.id)
    assert home.rests()


@pytest.mark.rule("MRG-5")
def test_a_contact_gets_the_company_of_an_account_that_is_merged_into_its_own() -> None:
    """The account of the contact, whose company was deleted, survives and takes over the other
    one's link.
    """
    home = Widowed("company")
    home.join_account()
    other = home.world.new_account(Name="Other GmbH")
    home.sync(other)
    company = home.world.counterpart(other)
    home.world.salesforce.merge(home.account, other)
    home.sync(home.account, other)
    assert home.shown() == (company, home.account.id)
    assert home.rests()


@pytest.mark.rule("FLD-8")
def test_a_contact_that_has_moved_on_stays_where_it_is() -> None:
    """The account is restored when the contact has another company and account."""
    home = Widowed("account")
    home.join_company()
    other = home.world.new_account(Name="Other GmbH")
    home.sync(other)
    home.world.wait()
    home.world.salesforce.edit(home.contact, {"AccountId": other.id})
    home.sync(home.contact)
    home.world.salesforce.restore(home.account)
    home.sync(home.account)
    assert home.shown() == (home.world.counterpart(other), other.id)
    assert home.rests()


@pytest.mark.rule("Q-29")
def test_a_company_that_a_person_takes_away_stays_away() -> None:
    """Both had agreed on company and account. The account of a restored pair has its contacts
    looked at, and that brings nothing back.
    """
    home = Widowed("company")
    home.world.hubspot.restore(home.company)
    home.sync(home.company)
    home.join_account()
    home.world.associations.remove_association(home.ada, home.company)
    home.sync(home.ada)
    home.world.hubspot.delete(home.company)
    home.sync(home.company)
    home.world.hubspot.restore(home.company)
    home.sync(home.company)
    assert home.shown() == (None, home.account.id)
    assert home.rests()


def test_a_first_counterpart_has_no_contacts_looked_at() -> None:
    """Only one that comes again costs that."""
    home = Widowed("account")
    other = home.world.new_account(Name="Other GmbH")
    home.world.salesforce.edit(home.contact, {"AccountId": other.id})
    home.world.sync(other)
    assert not [one for one, _ in home.world.outbox.delayed if one.ref == home.contact]
    home.world.drain()
    assert home.world.counterpart(other)

"""The main property with companies and accounts: associations and accounts change, and companies
are merged and deleted.

In step also means that a contact's primary company and its account are a pair, or that a rule
explains why not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from crmsync.model.changes import Cause
from crmsync.model.effects import Category, Report
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side, Value
from crmsync.rules.merge.parents import account_of, company_of
from tests.flows.convergence.test_in_step import VALUES, InStep

OBJECT = {Side.HUBSPOT: "company", Side.SALESFORCE: "Account"}
PARENT = {Side.HUBSPOT: "associatedcompanyid", Side.SALESFORCE: "AccountId"}
NAME = {Side.HUBSPOT: "name", Side.SALESFORCE: "Name"}
COMPANY_FIELDS = {"name": "Name", "phone": "Phone"}
NAMES = st.sampled_from(["Example GmbH", "Sample AG", "Test KG"])
EXAMPLES = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 30


class InStepWithCompanies(InStep):
    """People also create, merge and delete companies and accounts, and put contacts into them and
    out of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.parted: set[Ref] = set()
        for side in Side:
            self.world.crm(side).after_write.append(self._left)
            self.world.crm(side).after_delete.append(self._ended)

    @rule(name=NAMES, side=st.sampled_from(Side))
    def create_company(self, name: str, side: Side) -> None:
        """A person makes a company or an account."""
        self._happened(self.world.crm(side).add(OBJECT[side], {NAME[side]: name}))

    @rule(data=st.data(), value=VALUES, side=st.sampled_from(Side))
    def edit_company(self, data: st.DataObject, value: str, side: Side) -> None:
        """A person changes the phone number of a company or an account."""
        if companies := self._companies(side):
            ref = data.draw(st.sampled_from(companies))
            self.world.crm(side).edit(
                ref, {"phone" if side is Side.HUBSPOT else "Phone": value or None}
            )
            self._happened(ref)

    @rule(data=st.data(), primary=st.booleans())
    def associate(self, data: st.DataObject, *, primary: bool) -> None:
        """A person associates a contact with a company."""
        contacts, companies = self.world.hubspot.refs("contact"), self._companies(Side.HUBSPOT)
        if contacts and companies:
            contact, company = (
                data.draw(st.sampled_from(contacts)),
                data.draw(st.sampled_from(companies)),
            )
            self.world.associations.add_association(contact, company, primary=primary)
            self._happened(contact)
            self._happened(company)

    @rule(data=st.data())
    def dissociate(self, data: st.DataObject) -> None:
        """A person removes a contact from its primary company."""
        contacts = [
            ref
            for ref in self.world.hubspot.refs("contact")
            if self.world.associations.primary(ref)
        ]
        if contacts:
            contact = data.draw(st.sampled_from(contacts))
            company = self.world.associations.primary(contact)
            assert company
            self.world.associations.remove_association(contact, company)
            self._happened(contact)
            self._happened(company)

    @rule(data=st.data(), is_private=st.booleans())
    def change_account(self, data: st.DataObject, *, is_private: bool) -> None:
        """A person gives a Salesforce contact another account, or none."""
        contacts, accounts = self.world.salesforce.refs("Contact"), self._companies(Side.SALESFORCE)
        if contacts and (accounts or is_private):
            contact = data.draw(st.sampled_from(contacts))
            account = None if is_private else data.draw(st.sampled_from(accounts))
            self.world.salesforce.edit(contact, {"AccountId": account.id if account else None})
            self._happened(contact)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def delete_company(self, data: st.DataObject, side: Side) -> None:
        """A person deletes a company, or an account with its contacts."""
        if companies := self._companies(side):
            ref = data.draw(st.sampled_from(companies))
            before = {one for one in self._records(side) if one not in companies}
            self.world.crm(side).delete(ref)
            self._happened(ref, Cause.DELETED)
            for one in sorted(before - set(self._records(side))):
                self._happened(one, Cause.DELETED)

    @rule(data=st.data(), side=st.sampled_from(Side))
    def merge_companies(self, data: st.DataObject, side: Side) -> None:
        """A person merges two companies, or two accounts."""
        companies = self._companies(side)
        if len(companies) > 1:
            winner, loser = data.draw(st.permutations(companies))[:2]
            survivor = self.world.crm(side).merge(winner, loser)
            for ref in dict.fromkeys((survivor, winner, loser)):
                self._happened(ref)

    def _companies(self, side: Side) -> list[Ref]:
        return self.world.crm(side).refs(OBJECT[side])

    def _living(self, side: Side) -> list[Ref]:
        return [*super()._living(side), *self._companies(side)]

    def _left(self, ref: Ref, fields: Mapping[str, Value]) -> None:
        """Remember contacts that were removed from their company or account."""
        if PARENT[ref.side] in fields and not fields[PARENT[ref.side]]:
            self.parted.add(ref)

    def _ended(self, ref: Ref, survivor: Ref | None) -> None:
        if survivor and ref in self.parted:
            self.parted.add(survivor)

    def _in_step(self) -> None:
        super()._in_step()
        linked = {
            place for link in self.world.links.all for place in (link.hubspot, link.salesforce)
        }
        accounts = {ref for ref in self._companies(Side.SALESFORCE) if not self._is_widowed(ref)}
        assert accounts <= linked, "an account was lost"
        for link in self.world.links.all:
            if link.state is LinkState.ACTIVE and link.salesforce.object == "Contact":
                self._parents_agree(link)

    def _agree(self, link: Link) -> None:
        if link.kind is Kind.CONTACT:
            super()._agree(link)
            return
        assert isinstance(link.hubspot, Ref)
        assert isinstance(link.salesforce, Ref)
        company, account = (
            self.world.hubspot.fields(link.hubspot),
            self.world.salesforce.fields(link.salesforce),
        )
        if link.state is LinkState.TOMBSTONE:
            assert not (company and account), "a pair whose records both exist has a tombstone"
            return
        shown = {name: company.get(name) for name in COMPANY_FIELDS}
        assert shown == {name: account.get(field) for name, field in COMPANY_FIELDS.items()}

    def _parents_agree(self, link: Link) -> None:
        """A Salesforce contact's account and its contact's primary company are a pair, or a rule
        explains why not.
        """
        assert isinstance(link.hubspot, Ref)
        assert isinstance(link.salesforce, Ref)
        company = company_of(self.world.hubspot.fields(link.hubspot).get("associatedcompanyid"))
        account = account_of(self.world.salesforce.fields(link.salesforce).get("AccountId"))
        if company is None or account is None:
            emptied = link.hubspot if company is None else link.salesforce
            why = company is account or emptied in self.parted
        else:
            found = self.world.links.find("acme", [company]).get(company)
            why = found is not None and found.salesforce == account
        apart = [parent for parent in (company, account) if parent and self._is_alone(parent)]
        assert why or apart, f"{link.hubspot} is in {company}, but {link.salesforce} in {account}"

    def _is_alone(self, parent: Ref) -> bool:
        """Whether the counterpart of a company or an account was deleted, so that nothing follows
        it (DEL-1).
        """
        link = self.world.links.find("acme", [parent]).get(parent)
        return link.state is LinkState.TOMBSTONE if link else self._is_widowed(parent)

    def _stands_rightly(self, report: Report) -> None:
        if report.category is Category.ASSOCIATIONS:
            assert all(self._is_alone(ref) for ref in report.waits_for), (
                "a record waits for a parent that exists"
            )
        else:
            super()._stands_rightly(report)


InStepWithCompanies.TestCase.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=25, deadline=None
)
TestInStepWithCompanies = pytest.mark.long(InStepWithCompanies.TestCase)

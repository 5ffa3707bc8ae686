"""HubSpot's companies behind the ports: found by domain, read, created, changed, deleted."""

from __future__ import annotations

import pytest

from crmsync.errors import Conflict, Gone
from crmsync.model.effects import CreateRecord, DeleteRecord, UpdateRecord
from crmsync.model.links import Slot
from crmsync.model.records import Ref, Side
from crmsync.ports.crm import Written
from tests.contracts.crm.backend import Backend


def a_company(backend: Backend, domain: str | None, name: str = "Example Works") -> str:
    """A person creates a company, and the search index has it; returns its id."""
    ref = backend.person.add("company", {"name": name, "domain": domain or ""})
    backend.update_index()
    return ref.id


@pytest.mark.parametrize("domain", ["example.com", "www.example.com", "Example.com"])
def test_the_company_of_the_domain_is_found(hubspot: Backend, domain: str) -> None:
    """With or without ``www.``, in upper or lower case (CH-15)."""
    company = a_company(hubspot, domain)

    assert hubspot.companies.companies_by_domain([" Example.COM ", "example.org"]) == {
        "example.com": company
    }


@pytest.mark.parametrize(
    "domain", [None, "shop.example.com", "example.community", "not-example.com"]
)
def test_a_company_of_another_domain_is_not_found(hubspot: Backend, domain: str | None) -> None:
    """A domain that begins or ends with it is another one."""
    a_company(hubspot, domain)

    assert hubspot.companies.companies_by_domain(["example.com"]) == {}


def test_a_domain_of_several_companies_is_left_out(hubspot: Backend) -> None:
    """HubSpot allows several; which one is meant is unknown."""
    a_company(hubspot, "example.com", "One")
    a_company(hubspot, "www.example.com", "Two")
    other = a_company(hubspot, "example.org")

    assert hubspot.companies.companies_by_domain(["example.com", "example.org"]) == {
        "example.org": other
    }


def test_many_domains_are_searched_at_once(hubspot: Backend) -> None:
    """More domains than one search can have; an invalid one is ignored."""
    companies = {
        f"works{number}.example.com": a_company(hubspot, f"works{number}.example.com")
        for number in (3, 110)
    }
    asked = [
        *(f"works{number}.example.com" for number in range(120)),
        "",
        "example",
        "a b.com",
        "x'y.com",
    ]

    assert hubspot.companies.companies_by_domain(asked) == companies
    assert hubspot.companies.companies_by_domain([]) == {}


def test_a_company_is_created_once_updated_and_deleted(hubspot: Backend) -> None:
    """It works as for contacts, though only our key is unique (ACC-3)."""
    key = f"key-{hubspot.run}"
    effect = CreateRecord(
        Side.HUBSPOT, "company", key, {"name": "Example Works", "domain": ""}, Slot("company")
    )

    [made] = hubspot.crm.create([effect])
    [again] = hubspot.crm.create([effect])
    [changed] = hubspot.crm.update(
        [UpdateRecord(made.ref, Side.HUBSPOT, {"phone": "7", "name": "Works"})]
    )
    shown = hubspot.crm.read([made.ref], {"company": ["name", "phone", "domain"]})[made.ref].fields
    deleted = hubspot.deleter.delete([DeleteRecord(made.ref)])
    after = hubspot.crm.update([UpdateRecord(made.ref, Side.HUBSPOT, {"phone": "8"})])

    assert isinstance(again, Conflict)
    assert changed == Written(made.ref, {"phone": "7", "name": "Works"})
    assert shown == {"name": "Works", "phone": "7", "domain": None}
    assert deleted == [Written(made.ref, {})]
    assert [type(one) for one in after] == [Gone]
    assert hubspot.crm.read([made.ref, Ref(Side.HUBSPOT, "company", "1")], {"company": []}) == {}

"""Helpers of the stories about person accounts: an org that has them, and their records."""

from __future__ import annotations

from local.people import People

PERSONS = {"edition": "Enterprise Edition", "person_accounts": True}


def person_account(people: People, address: str, **fields: str) -> tuple[str, str]:
    """Make a person account; the ids of the account and of its hidden contact."""
    account = people.new_record(
        "Account", **({"FirstName": "Ada", "LastName": "Lang"} | fields), PersonEmail=address
    )
    hidden = people.record("Account", account, "PersonContactId", "IsPersonAccount")
    assert hidden["IsPersonAccount"] is True
    return account, str(hidden["PersonContactId"])


def companies_of(people: People, contact: str) -> list[dict[str, str]]:
    """The names of a contact's companies, and whether each is the primary one."""
    return [
        {"name": people.company(company, "name")["name"], "primary": primary}
        for company, primary in people.companies_of(contact).items()
    ]

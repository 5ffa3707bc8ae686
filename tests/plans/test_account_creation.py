"""Companies and accounts without a counterpart: what is made, what is paired, and what stays
alone.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from crmsync.model.changes import Cause
from crmsync.model.effects import CreateRecord, DropLink, Report, SaveLink, UpdateRecord
from crmsync.model.fields import FieldRule
from crmsync.model.fingerprints import tags
from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.links import Link, LinkState
from crmsync.model.names import salesforce_revision
from crmsync.model.plan import Plan
from crmsync.model.records import Kind, Record, Ref, Side
from crmsync.model.settings import CompanySettings, CreateInSalesforce
from crmsync.plans.account import AccountFacts, plan_account
from crmsync.rules.kinds.account.creation import Member, account_creation
from crmsync.rules.merge.owners import match_owners
from crmsync.rules.pair.creation import NEW
from tests.builders import (
    ACCOUNT_ID,
    a_change,
    a_company,
    a_link,
    an_account,
    an_account_ruleset,
    base_of,
)
from tests.plans.contact_facts import making

H, S = Side.HUBSPOT, Side.SALESFORCE
RULESET = an_account_ruleset(create_in_salesforce=CreateInSalesforce.CONTACT)
KEY = "555001-91"
SHOWN = salesforce_revision(555001)
OWNERS = match_owners(
    Owners(
        (
            Owner("1", "Jane Roe", "jane@example.com", True, "PERSON"),
            Owner("2", "Ann Moe", "ann@example.com", True, ""),
        ),
        (
            Owner("005J", "Jane Roe", "jane@example.com", True, "Standard"),
            Owner("005I", "Ann Moe", "ann@example.com", False, "Standard"),
        ),
    )
)


def a_member(salesforce: Ref | None = None, *, qualifies: bool = True) -> Member:
    """A contact of the company."""
    return Member(Ref(H, "contact", "81"), salesforce, "", qualifies)


def alone(
    record: Record,
    *members: Member,
    cause: Cause = Cause.EDITED,
    votes: Sequence[tuple[Record, int]] = (),
    taken: tuple[Record, ...] = (),
    named_counterpart: Record | None = None,
    counterpart_is_gone: bool = False,
) -> AccountFacts:
    """Facts of a record without a link; `votes` has the candidates, each with the number of
    contacts in common.
    """
    return AccountFacts(
        a_change(record.ref, cause),
        hubspot=record if record.ref.side is H else None,
        salesforce=record if record.ref.side is S else None,
        candidates=tuple(one for one, _ in votes),
        taken=frozenset(one.ref for one in taken),
        named_counterpart=named_counterpart,
        counterpart_is_gone=counterpart_is_gone,
        members=members,
        votes={one.ref: count for one, count in votes},
    )


@pytest.mark.rule("ACC-7")
@pytest.mark.rule("ACC-9")
@pytest.mark.rule("OWN-15")
def test_a_company_with_a_contact_creates_an_account():
    """The account gets the company's values; without a matching owner the integration user owns it.
    The link is ready for the account's id.
    """
    company = a_company({"phone": "+49 731 1", "industry": "BANKING"})
    shown = {
        "Name": "Example AG",
        "Website": "example.com",
        "Phone": "+49 731 1",
        "Industry": "Banking",
    }
    link = Link(
        "acme",
        Kind.ACCOUNT,
        company.ref,
        NEW,
        base_of(company.fields, RULESET, H, "Account"),
        base_of(shown, RULESET, S, "Account"),
        tags(shown),
        hubspot_owner="",
    )
    create = CreateRecord(S, "Account", KEY, shown, NEW, ("ACC-7", "ACC-9", "OWN-15"))
    assert plan_account(alone(company, a_member()), RULESET) == Plan(
        (create,), new_link=making(S, link, RULESET)
    )


@pytest.mark.rule("ACC-10")
@pytest.mark.rule("ACC-11")
@pytest.mark.rule("ACC-12")
@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ((), "ACC-10"),
        ((a_member(Ref(S, "Lead", "00Q")),), "ACC-11"),
        ((a_member(qualifies=False),), "ACC-12"),
    ],
)
def test_a_vetoed_company_stays_unlinked_and_the_plan_says_why(members, rule):
    """Nothing is written, and the plan names the veto."""
    plan = plan_account(alone(a_company(), *members), RULESET)
    assert (plan.effects, plan.new_link, plan.notes[0].because) == ((), None, (rule,))


@pytest.mark.rule("ACC-13")
@pytest.mark.rule("Q-9")
@pytest.mark.parametrize(
    "members", [(), (a_member(Ref(S, "Lead", "00Q")),), (a_member(qualifies=False),)]
)
def test_a_forced_company_creates_an_account_despite_vetoes(members):
    """The operator's explicit request overrides all vetoes; no other cause does, not even a
    resync.
    """
    (create,) = plan_account(alone(a_company(), *members, cause=Cause.FORCED), RULESET).effects
    assert (create.object, create.because) == ("Account", ("ACC-13", "OWN-15"))
    for cause in (Cause.EDITED, Cause.AGAIN, Cause.RESYNC):
        assert plan_account(alone(a_company(), *members, cause=cause), RULESET).effects == ()


@pytest.mark.rule("ACC-13")
@pytest.mark.rule("DUP-3")
def test_a_forced_company_with_an_account_creates_no_second_one():
    """The existing pair is synced instead."""
    company, account = a_company(salesforce_id=ACCOUNT_ID), an_account(key=KEY)
    facts = AccountFacts(
        a_change(company.ref, Cause.FORCED),
        a_link(company, account, RULESET),
        hubspot=company,
        salesforce=account,
    )
    assert plan_account(facts, RULESET).effects == ()


@pytest.mark.rule("ACC-3")
@pytest.mark.rule("ACC-6")
def test_an_account_creates_a_company_with_or_without_contacts():
    """Its contacts do not matter; the company gets its values in HubSpot's form. The link is ready
    for the company's id.
    """
    account = an_account({"Phone": "+49 731 1", "Industry": "Banking", "AnnualRevenue": 1200000.0})
    plan = plan_account(alone(account), RULESET)
    shown = {
        "name": "Example AG",
        "domain": "example.com",
        "phone": "+49 731 1",
        "industry": "BANKING",
        "annualrevenue": "1200000",
    }
    link = Link(
        "acme",
        Kind.ACCOUNT,
        NEW,
        account.ref,
        base_of(shown, RULESET, H, "Account"),
        base_of(account.fields, RULESET, S, "Account"),
        hubspot_owner="",
        salesforce_owner="",
    )
    create = CreateRecord(H, "company", ACCOUNT_ID, shown, NEW, ("ACC-3", "ACC-5", "ACC-6"))
    assert plan == Plan((create,), new_link=making(H, link, RULESET))


@pytest.mark.rule("OWN-14")
@pytest.mark.rule("OWN-15")
@pytest.mark.parametrize(
    ("owner", "expected", "rule"),
    [("1", "005J", "OWN-14"), ("2", None, "OWN-15"), ("9", None, "OWN-15"), (None, None, "OWN-15")],
    ids=["matches", "inactive in Salesforce", "unknown", "nobody"],
)
def test_the_owner_of_a_new_account(owner, expected, rule):
    """The matching active user, or no owner, so that Salesforce makes the integration user the
    owner.
    """
    ruleset = replace(RULESET, owners=OWNERS)
    (create,) = plan_account(
        alone(a_company({"hubspot_owner_id": owner}), a_member()), ruleset
    ).effects
    assert (create.fields.get("OwnerId"), create.because[-1]) == (expected, rule)


@pytest.mark.rule("OWN-16")
@pytest.mark.rule("OWN-17")
@pytest.mark.parametrize(
    ("owner", "then", "to_hubspot", "to_salesforce", "rule"),
    [
        pytest.param(("", "005J"), None, "1", None, "OWN-16", id="an active one is kept"),
        pytest.param(("1", "005I"), None, None, "005J", "OWN-16", id="an inactive one gives way"),
        pytest.param(
            ("1", "005J"), ("1", "005I"), "2", None, "OWN-17", id="later Salesforce's change"
        ),
        pytest.param(
            ("", "005I"), ("1", "005I"), None, "005J", "OWN-17", id="later HubSpot's change"
        ),
    ],
)
def test_which_sides_owner_wins(owner, then, to_hubspot, to_salesforce, rule):
    """In the first sync an existing account keeps its active owner; later the changed owner
    crosses.
    """
    ruleset = replace(RULESET, owners=OWNERS)

    def pair(owners):
        return a_company({"hubspot_owner_id": owners[0]}), an_account({"OwnerId": owners[1]})

    company, account = pair(then or owner)
    if then:
        link = a_link(*pair(owner), ruleset)
        plan = plan_account(AccountFacts(a_change(company.ref), link, company, account), ruleset)
    else:
        plan = plan_account(alone(company, votes=[(account, 1)]), ruleset)
    updates = {
        one.side: one
        for one in plan.effects
        if isinstance(one, UpdateRecord) and not one.best_effort
    }
    written = [
        one.fields.get(name)
        for side, name in ((H, "hubspot_owner_id"), (S, "OwnerId"))
        if (one := updates.get(side))
    ]
    assert written == [one for one in (to_hubspot, to_salesforce) if one]
    assert [rule in one.because for one in updates.values()] == [True]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"name": "Example AG"}, "Example AG"),
        ({"name": None}, "example.com"),
        ({"name": " "}, "example.com"),
    ],
)
def test_a_company_without_a_name_is_named_by_its_domain(fields, name):
    """Salesforce requires a name; HubSpot creates companies from an address alone."""
    (create,) = plan_account(alone(a_company(fields), a_member()), RULESET).effects
    assert create.fields["Name"] == name


def test_a_company_without_name_and_domain_is_reported():
    """There is no name for the account: nothing is created, and the report says what to do."""
    (report,) = plan_account(
        alone(a_company({"name": None, "domain": None}), a_member()), RULESET
    ).effects
    assert isinstance(report, Report)
    assert (report.fieldname, report.hint) == ("Name", "Give the company a name in HubSpot.")


@pytest.mark.rule("DUP-2")
@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("side", Side)
def test_a_record_is_paired_with_the_candidate_of_most_contacts(side):
    """A link is saved and no record created; a candidate that has a pair already keeps it."""
    make = an_account if side is H else a_company
    ids = (
        ("001000000000001AAA", "001000000000002AAA", "001000000000003AAA")
        if side is H
        else ("91", "92", "93")
    )
    few, many, taken = (make(record_id=one) for one in ids)
    named = a_company() if side is H else an_account()
    facts = alone(named, a_member(), votes=[(few, 1), (many, 2), (taken, 3)], taken=(taken,))
    saved = [one for one in plan_account(facts, RULESET).effects if isinstance(one, SaveLink)]
    assert [(one.link.on(side.other), one.link.on(side), one.because) for one in saved] == [
        (many.ref, named.ref, ("DUP-2", "DUP-3"))
    ]


@pytest.mark.rule("DUP-3")
@pytest.mark.parametrize("side", Side)
def test_with_all_candidates_taken_a_counterpart_is_created(side):
    """A pair is exclusive, so the record gets a counterpart of its own."""
    taken = an_account() if side is H else a_company()
    named = a_company() if side is H else an_account()
    (create,) = plan_account(
        alone(named, a_member(), votes=[(taken, 3)], taken=(taken,)), RULESET
    ).effects
    assert (type(create), create.side) == (CreateRecord, side.other)


@pytest.mark.rule("Q-34")
@pytest.mark.rule("PA-4")
def test_a_person_account_gets_a_company_of_its_own():
    """It is not paired with the company that its person works for, nor that company with it."""
    person = an_account({"IsPersonAccount": True, "Name": "Ada Lang"})
    (create,) = plan_account(alone(person, votes=[(a_company(), 1)]), RULESET).effects
    assert (create.side, create.object) == (H, "company")


@pytest.mark.parametrize("side", Side)
def test_the_counterpart_that_a_record_names_comes_before_that_of_its_contacts(side):
    """A pair whose link was never saved, or was lost, is found again by the id that each record
    keeps of the other.
    """
    own, other = (
        (an_account(key=KEY), an_account(record_id="001000000000002AAA"))
        if side is H
        else (a_company(salesforce_id=ACCOUNT_ID), a_company(record_id="92"))
    )
    named = a_company() if side is H else an_account()
    plan = plan_account(alone(named, votes=[(other, 5)], named_counterpart=own), RULESET)
    assert [one.link.on(side.other) for one in plan.effects if isinstance(one, SaveLink)] == [
        own.ref
    ]


def test_an_account_that_was_made_for_an_edited_company_asks_for_its_history():
    """What the company showed when the account was made of it is known by its history alone."""
    ruleset = replace(RULESET, our_app="41")
    made = account_creation(a_company({"phone": "+49 731 1"}), (), ruleset)
    shown = {**made.create.fields, SHOWN: made.link.salesforce_intent.revision.hex()}
    account = an_account(shown, key=KEY)
    plan = plan_account(alone(a_company(), named_counterpart=account), ruleset)
    assert plan.undecided


@pytest.mark.parametrize("named", [a_company(), an_account()], ids=["company", "account"])
def test_no_counterpart_is_created_in_place_of_a_deleted_one(named):
    """The counterpart that a record names is gone: an edit does not bring it back."""
    assert plan_account(alone(named, a_member(), counterpart_is_gone=True), RULESET).effects == ()


def test_a_tombstone_makes_room_for_a_new_pair():
    """An account whose company was deleted may be paired again: the old link is dropped, the new
    one saved.
    """
    company, account = a_company(record_id="92"), an_account()
    tombstone = replace(a_link(a_company(), account, RULESET), state=LinkState.TOMBSTONE)
    plan = plan_account(
        replace(alone(company, votes=[(account, 1)]), tombstones=(tombstone,)), RULESET
    )
    assert next(iter(plan.effects)) == DropLink(tombstone, ("DUP-1",))
    assert [one.link.hubspot for one in plan.effects if isinstance(one, SaveLink)] == [company.ref]


@pytest.mark.rule("MAP-10")
@pytest.mark.rule("MAP-11")
def test_the_operators_mappings_apply_to_new_records():
    """Further mappings of the settings sync in both directions like the default ones."""
    row = FieldRule("rank", "Rank__c")
    ruleset = an_account_ruleset(
        create_in_salesforce=CreateInSalesforce.CONTACT, companies=CompanySettings(field=(row,))
    )
    (account,) = plan_account(alone(a_company({"rank": "A"}), a_member()), ruleset).effects
    (company,) = plan_account(alone(an_account({"Rank__c": "B"})), ruleset).effects
    assert (account.fields["Rank__c"], company.fields["rank"]) == ("A", "B")

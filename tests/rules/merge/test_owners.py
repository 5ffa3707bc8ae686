"""Who owns a record (OWN-1 to OWN-13)."""

import pytest

from crmsync.model.kinds.owners import Owner, Owners
from crmsync.model.records import Side
from crmsync.rules.merge.owners import (
    OwnerDecision,
    OwnerMatches,
    OwnerState,
    decide_owner,
    match_owners,
    owner_for_new,
)

H, S = Side.HUBSPOT, Side.SALESFORCE


def hubspot_owner(identifier: str, name: str, *, email: str = "", active: bool = True) -> Owner:
    return Owner(
        identifier,
        name,
        email or f"{name.split(maxsplit=1)[0].lower()}@example.com",
        active,
        "PERSON",
    )


def user(
    identifier: str, name: str, *, email: str = "", active: bool = True, kind: str = "Standard"
) -> Owner:
    return Owner(
        identifier, name, email or f"{name.split(maxsplit=1)[0].lower()}@example.com", active, kind
    )


QUEUE = Owner("00G1", "Inbound", "", is_active=True, kind="Queue")
MATCHES = match_owners(
    Owners(
        (
            hubspot_owner("1", "Jane Roe"),
            hubspot_owner("2", "Bob Poe"),
            hubspot_owner("3", "Ann Moe"),
        ),
        (
            user("005J", "Jane Roe"),
            user("005A", "Ann Moe"),
            user("005I", "Ida Noe", active=False),
            user("005X", "Max Doe"),
            QUEUE,
        ),
    )
)


@pytest.mark.rule("OWN-6")
@pytest.mark.rule("Q-17")
@pytest.mark.parametrize(
    ("salesforce", "matches"),
    [
        pytest.param([user("005J", "Jane Roe")], True, id="name and address agree"),
        pytest.param(
            [user("005J", " jane  ROE ", email="Jane@Example.COM")],
            True,
            id="but for case and space",
        ),
        pytest.param(
            [user("005J", "Jane Roe", email="other@example.com")], False, id="another address"
        ),
        pytest.param(
            [user("005J", "Jane Doe", email="jane@example.com")], False, id="another name"
        ),
        pytest.param([user("005J", "Jane Roe", active=False)], False, id="not active"),
        pytest.param(
            [user("005J", "Jane Roe"), user("005K", "Jane Roe")], False, id="two users match"
        ),
        pytest.param(
            [user("005J", "Jane Roe"), user("005K", "Jane Roe", active=False)],
            True,
            id="one of them is active",
        ),
    ],
)
def test_a_hubspot_owner_crosses_only_with_name_and_address_of_one_active_user(salesforce, matches):
    """A HubSpot owner matches only if exactly one active user has the same name and the same e-mail
    address.
    """
    ruleset = match_owners(Owners((hubspot_owner("1", "Jane Roe"),), tuple(salesforce)))
    assert ruleset.to_salesforce == ({"1": "005J"} if matches else {})


@pytest.mark.rule("OWN-1")
@pytest.mark.parametrize("kind", ["Standard", "PowerPartner", "Guest"])
def test_users_of_every_kind_may_match_a_hubspot_owner(kind):
    """Standard, partner and guest users are owners like any other."""
    ruleset = match_owners(
        Owners((hubspot_owner("1", "Jane Roe"),), (user("005J", "Jane Roe", kind=kind),))
    )
    assert (ruleset.to_salesforce, ruleset.to_hubspot) == ({"1": "005J"}, {"005J": "1"})


@pytest.mark.rule("CH-30")
def test_the_operators_own_map_outweighs_the_match():
    """Where names and addresses do not agree, the settings say who matches whom."""
    owners = Owners(
        (hubspot_owner("1", "Jane Roe"),),
        (user("005J", "Jane Roe"), user("005P", "Jane Public", email="jp@example.org")),
    )
    assert match_owners(owners, {"Jane@example.com": "jp@example.org"}).to_salesforce == {
        "1": "005P"
    }
    assert match_owners(owners, {"jane@example.com": "005P"}).to_hubspot == {"005P": "1"}


@pytest.mark.rule("OWN-8")
@pytest.mark.rule("OWN-9")
@pytest.mark.rule("OWN-13")
@pytest.mark.parametrize(("owner", "expected"), [("1", "005J"), ("2", None), ("", None)])
def test_a_new_record_gets_the_matching_user_and_nobody_else(owner, expected):
    """The matching active user becomes the owner; without one Salesforce itself decides."""
    assert owner_for_new(owner, MATCHES) == expected


@pytest.mark.parametrize(
    ("now", "last", "newest", "expected"),
    [
        pytest.param(
            ("1", "005J"), (None, None), H, OwnerDecision(), id="first sync, the same person"
        ),
        pytest.param(
            ("1", "005A"),
            (None, None),
            H,
            OwnerDecision(hubspot="3", because="OWN-11"),
            id="first sync, Salesforce's is kept",
        ),
        pytest.param(
            ("1", "005X"),
            (None, None),
            H,
            OwnerDecision(hubspot="", because="OWN-11"),
            id="first sync, HubSpot knows no such",
        ),
        pytest.param(
            ("1", "00G1"),
            (None, None),
            H,
            OwnerDecision(hubspot="", because="OWN-11"),
            id="first sync, a queue's lead",
        ),
        pytest.param(
            ("1", "005I"),
            (None, None),
            H,
            OwnerDecision(salesforce="005J", because="OWN-11"),
            id="first sync, inactive owner",
        ),
        pytest.param(
            ("2", "005I"),
            (None, None),
            H,
            OwnerDecision(),
            id="first sync, inactive owner and no match",
        ),
        pytest.param(
            ("3", "005J"),
            ("1", "005J"),
            S,
            OwnerDecision(salesforce="005A", because="OWN-12"),
            id="later, HubSpot's changed",
        ),
        pytest.param(
            ("1", "005A"),
            ("1", "005J"),
            H,
            OwnerDecision(hubspot="3", because="OWN-12"),
            id="later, Salesforce's changed",
        ),
        pytest.param(
            ("3", "005X"),
            ("1", "005J"),
            H,
            OwnerDecision(salesforce="005A", because="OWN-12"),
            id="both, HubSpot's later",
        ),
        pytest.param(
            ("2", "005A"),
            ("1", "005J"),
            S,
            OwnerDecision(hubspot="3", because="OWN-12"),
            id="both, Salesforce's later",
        ),
        pytest.param(
            ("2", "005J"),
            ("1", "005J"),
            H,
            OwnerDecision(hubspot="1", because="OWN-7"),
            id="HubSpot's is unknown there",
        ),
        pytest.param(
            ("", "005J"),
            ("1", "005J"),
            H,
            OwnerDecision(),
            id="nobody in HubSpot: Salesforce must have an owner",
        ),
        pytest.param(
            ("", "005X"),
            ("1", "005J"),
            S,
            OwnerDecision(),
            id="to an owner whom HubSpot does not know, cleared already",
        ),
    ],
)
@pytest.mark.rule("OWN-7")
@pytest.mark.rule("OWN-11")
@pytest.mark.rule("OWN-12")
@pytest.mark.rule("Q-16")
@pytest.mark.rule("Q-18")
def test_who_owns_a_pair(now, last, newest, expected):
    """In the first sync an active Salesforce owner is kept; later the most recent owner wins; an
    unknown one is reverted.
    """
    assert decide_owner(OwnerState(*now, *last), newest, MATCHES) == expected


@pytest.mark.parametrize(
    ("hubspot", "overtaken", "expected"),
    [
        pytest.param(
            "2",
            "005A",
            OwnerDecision(hubspot="3", salesforce="005A", because="OWN-7"),
            id="HubSpot's is unknown there",
        ),
        pytest.param(
            "2",
            "00G1",
            OwnerDecision(hubspot="", salesforce="00G1", because="OWN-7"),
            id="HubSpot's is unknown there, and the overtaken one a queue",
        ),
        pytest.param(
            "", "005A", OwnerDecision(salesforce="005A", because="OWN-12"), id="nobody in HubSpot"
        ),
        pytest.param(
            "3", "005X", OwnerDecision(salesforce="005A", because="OWN-12"), id="HubSpot's crosses"
        ),
        pytest.param("1", "005A", OwnerDecision(), id="HubSpot's is the late one"),
        pytest.param(
            "2",
            "005I",
            OwnerDecision(hubspot="1", because="OWN-7"),
            id="the overtaken one has left Salesforce",
        ),
        pytest.param("", "005I", OwnerDecision(), id="the same, and nobody in HubSpot"),
    ],
)
@pytest.mark.rule("OWN-7")
@pytest.mark.rule("OWN-12")
def test_an_overtaken_owner_comes_back_where_hubspots_does_not_cross(hubspot, overtaken, expected):
    """An older write of ours has left Jane in Salesforce in place of another owner."""
    owners = OwnerState(hubspot, "005J", "?", "005J", overtaken)
    assert decide_owner(owners, H, MATCHES) == expected


@pytest.mark.rule("OWN-7")
def test_no_decision_makes_an_inactive_user_the_owner():
    """Whatever the two sides show, an inactive user is never written to Salesforce."""
    people = ["", "1", "2", "3"]
    users = ["", "005J", "005A", "005I", "005X", "00G1"]
    verdicts = [
        decide_owner(OwnerState(h, s, last, "005J" if last is not None else None), newest, MATCHES)
        for h in people
        for s in users
        for last in [None, *people]
        for newest in Side
    ]
    assert {verdict.salesforce for verdict in verdicts} == {None, "005J", "005A"}


def test_without_matches_owners_stay_as_they_are():
    """Without any match owners stay, except that HubSpot's is cleared where Salesforce's is the
    newer one.
    """
    assert decide_owner(OwnerState("1", "005J", "1", "005J"), H, OwnerMatches()) == OwnerDecision()

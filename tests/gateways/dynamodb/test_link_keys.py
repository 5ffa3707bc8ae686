"""The keys of the links in their secret, the scan of the link table, and links with a key that is
not known yet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from crmsync.errors import Refused, TryAgain
from crmsync.gateways.aws.key_ring import KeyRing, keys_of, text_of
from crmsync.gateways.aws.secrets import SecretStore
from crmsync.gateways.dynamodb.links.link_keys import LinksCensus, StoredKeys
from crmsync.gateways.dynamodb.links.links import LinksTable
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.ports.link_keys import KeyUse
from tests import aws

FIRST = "the-first-key-of-the-links"
CONTACT = Ref(Side.HUBSPOT, "contact", "81")
LINK = Link(
    "acme", Kind.CONTACT, CONTACT, Ref(Side.SALESFORCE, "Lead", "00Q000000000001AAA"), key=2
)


@pytest.fixture(autouse=True)
def account() -> Iterator[None]:
    """An account with the secret of the keys and an empty table."""
    with aws.mock_aws():
        aws.client("secretsmanager").create_secret(Name="link-key", SecretString=FIRST)
        aws.client("dynamodb").create_table(
            TableName="links",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
        yield


def ring() -> KeyRing:
    """The keys as a function reads them."""
    return KeyRing(
        SecretStore(aws.client("secretsmanager"), now=time.monotonic),
        "link-key",
        now=time.monotonic,
    )


def stored_keys() -> StoredKeys:
    """The keys as the command reads them."""
    return StoredKeys(aws.client("secretsmanager"), "link-key")


def table(keys: KeyRing | None = None) -> LinksTable:
    """The link table for a process that has these keys."""
    return LinksTable(aws.client("dynamodb"), "links", ring=keys)


def test_a_new_key_is_first_and_others_can_be_removed() -> None:
    """Each key keeps its number, so that a link is always read with its own key."""
    keys = stored_keys()

    assert (keys.stored().numbers, keys.add(), keys.add(), keys.stored().numbers) == (
        (1,),
        2,
        3,
        (3, 2, 1),
    )
    keys.keep([3, 1])
    assert (keys.stored().numbers, ring().keys()[1]) == ((3, 1), FIRST.encode())
    assert len(ring().keys()[3]) == 64


def test_keys_are_read_as_they_are_written() -> None:
    """The first key has no number, as a stack creates it."""
    keys = {12: b"k" * 64, 1: FIRST.encode()}

    assert (keys_of(text_of(keys)), text_of(keys)) == (keys, f"12:{'k' * 64} {FIRST}")
    assert list(keys_of(text_of(keys))) == [12, 1]
    assert keys_of("a first: key with 2:anything in it") == {
        1: b"a first: key with 2:anything in it"
    }


def test_a_secret_without_keys_is_refused() -> None:
    """Any other text is refused."""
    aws.client("secretsmanager").put_secret_value(SecretId="link-key", SecretString="no key")

    with pytest.raises(Refused, match="does not hold the keys of the links"):
        stored_keys().add()


def test_all_links_are_counted_and_pointers_are_not() -> None:
    """Page by page, with their connections, states and keys, also once they were updated."""
    other = replace(
        LINK,
        hubspot=Ref(Side.HUBSPOT, "contact", "82"),
        salesforce=Ref(Side.SALESFORCE, "Lead", "00Q000000000002AAA"),
    )
    buried = replace(other, state=LinkState.TOMBSTONE, key=1)
    table().save(table().save([LINK, buried]))

    found = [one for page in LinksCensus(aws.client("dynamodb"), "links").pages() for one in page]

    assert sorted(found, key=lambda one: one.key) == [
        KeyUse("acme", Kind.CONTACT, Ref(Side.HUBSPOT, "contact", "82"), LinkState.TOMBSTONE, 1),
        KeyUse("acme", Kind.CONTACT, CONTACT, LinkState.ACTIVE, 2),
    ]


def test_a_link_with_a_newer_key_waits_until_the_key_is_known() -> None:
    """Read with an earlier key, all its fields would seem edited."""
    keys = ring()
    assert list(keys.fresh()) == [1]
    stored_keys().add()
    table().save([LINK])

    with pytest.raises(TryAgain) as put_off:
        table(keys).find("acme", [CONTACT])
    assert (put_off.value.code, list(keys.keys()), list(keys.fresh())) == ("LINK_KEY", [1], [2, 1])
    assert table(keys).find("acme", [CONTACT]) == {CONTACT: replace(LINK, version=1)}


def test_known_keys_are_kept_if_the_secret_cannot_be_read() -> None:
    """A known key stays valid while Secrets Manager does not answer."""
    keys = ring()
    keys.fresh()
    keys.miss()
    aws.client("secretsmanager").delete_secret(SecretId="link-key", ForceDeleteWithoutRecovery=True)

    assert list(keys.fresh()) == [1]

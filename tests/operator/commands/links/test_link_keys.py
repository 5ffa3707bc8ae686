"""`crmsync links keys`: the keys of the links are counted, added and removed, and links are
renewed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from crmsync.cli import main
from crmsync.errors import Refused
from crmsync.flows.backfill.link_keys import LinkKeyAdmin, QueuedPairs
from crmsync.model.changes import Cause
from crmsync.model.links import Link, LinkState
from crmsync.model.records import Kind, Ref, Side
from crmsync.rules.backfill.pacing import Depth
from tests import aws
from tests.config.files import MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.shell import run_json


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """Settings in force, three pairs with fingerprints under the first key, and one tombstone."""
    with deployments.deployment() as made:
        made.operator.settings.push(MINIMAL, apply=True)
        made.links.save(
            [a_link(1), a_link(2), a_link(3, "beta"), replace(a_link(4), state=LinkState.TOMBSTONE)]
        )
        yield made


def a_link(number: int, connection: str = "acme") -> Link:
    """A pair of a contact and a lead."""
    lead = Ref(Side.SALESFORCE, "Lead", f"00Q{number:012d}AAA")
    return Link(connection, Kind.CONTACT, Ref(Side.HUBSPOT, "contact", str(number)), lead)


def renew(deployment: Deployment, number: int, *contacts: str) -> None:
    """Save links under the key of that number, as the sync does."""
    chosen = [
        one
        for one in deployment.links.all
        if isinstance(one.hubspot, Ref) and one.hubspot.id in contacts
    ]
    deployment.links.save([replace(one, key=number) for one in chosen])


def stored() -> list[str]:
    """Return the content of the secret."""
    return str(
        aws.client("secretsmanager").get_secret_value(SecretId="link-key")["SecretString"]
    ).split()


def test_a_change_of_keys_from_end_to_end(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key is added, the links are renewed, and the earlier key is removed once no pair needs it;
    no key is printed.
    """
    one = {"key": 1, "pairs": 3, "of_deleted": 1}
    assert run_json(deployment, capsys, "links", "keys") == (
        0,
        {"in_use": 1, "stored": [1], "keys": [one]},
    )
    assert run_json(deployment, capsys, "links", "new-key") == (0, {"applied": False, "key": 2})
    assert stored() == ["the-first-key-of-the-links"]
    assert run_json(deployment, capsys, "links", "new-key", "--apply") == (
        0,
        {"applied": True, "key": 2},
    )
    new, old = stored()
    assert (new[:2], len(new), old) == ("2:", 66, "the-first-key-of-the-links")
    assert run_json(deployment, capsys, "status")[1]["link_keys"] == [2, 1]

    queued = {"applied": True, "queued": {"contact": 2}, "left": 1}
    assert run_json(deployment, capsys, "links", "reseal") == (0, queued | {"applied": False})
    assert deployment.outbox.published == []
    assert run_json(deployment, capsys, "links", "reseal", "--apply") == (0, queued)
    looks = [(one.connection, one.ref.id, one.cause) for one in deployment.outbox.published]
    assert looks == [("acme", "1", Cause.AGAIN), ("acme", "2", Cause.AGAIN)]

    renew(deployment, 2, "1", "2")
    status, document = run_json(deployment, capsys, "links", "retire-keys", "--apply")
    assert (status, document["gone"], document["keys"][1]) == (
        1,
        [],
        {"key": 1, "pairs": 1, "of_deleted": 1},
    )
    renew(deployment, 2, "3")
    assert run_json(deployment, capsys, "links", "retire-keys")[1]["gone"] == [1]
    assert stored() == [new, old]
    status, document = run_json(deployment, capsys, "links", "retire-keys", "--apply")
    assert (status, document["gone"], document["applied"], stored()) == (0, [1], True, [new])
    assert run_json(deployment, capsys, "links", "keys")[1]["stored"] == [2]


def test_the_links_are_counted_by_key(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each key has a row, a removed one too; while pairs need an earlier key, the next step is
    named.
    """
    main(["links", "new-key", "--apply"], operator=deployment.operator)
    renew(deployment, 2, "1")
    capsys.readouterr()

    assert main(["links", "keys"], operator=deployment.operator) == 0
    printed = capsys.readouterr()
    assert printed.out == (
        "key         existing pairs  of deleted records\n2 (in use)  1               0\n1           2               1\n"
    )
    main(["status"], operator=deployment.operator)
    said_of_keys = "links have key 2; earlier keys are kept: crmsync links keys counts the links that need them"
    assert said_of_keys in capsys.readouterr().out.splitlines()
    assert printed.err.startswith(
        "2 pairs need an earlier key: crmsync links reseal --apply syncs them."
    )


def test_no_key_is_removed_while_functions_may_use_it(deployment: Deployment) -> None:
    """For a quarter of an hour functions may not have read a new key, so no key is removed."""
    office = deployment.operator.links.keys
    office.renew(apply=True)
    renew(deployment, 2, "1", "2", "3")
    since = office.keys.stored().since

    with pytest.raises(Refused, match="changed a moment ago"):
        replace(office, now=lambda: since + timedelta(minutes=14)).retire(apply=True)
    assert replace(office, now=lambda: since + timedelta(minutes=15)).retire(apply=True)[1] == (1,)


def test_syncs_are_requested_only_while_the_queues_have_room(deployment: Deployment) -> None:
    """No more than ten thousand records wait in the queue of a kind, so live changes are not
    delayed.
    """
    office = deployment.operator.links.keys
    office.renew(apply=True)
    deployment.waiting.queues["ContactQueue"] = Depth(ready=101)
    paused: list[float] = []

    def sleep(seconds: float) -> None:
        assert deployment.outbox.published == []
        paused.append(seconds)
        deployment.waiting.queues["ContactQueue"] = Depth(ready=100)

    patient: LinkKeyAdmin = replace(office, sleep=sleep)
    looks = patient.reseal(apply=True)

    assert (looks, paused, len(deployment.outbox.published)) == (
        QueuedPairs(looks.queued, 1),
        [5.0],
        2,
    )

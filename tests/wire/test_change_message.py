"""Change messages, written and read, with and without the envelope of an event."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.changes import MAX_TIES, Cause, Change, TieEvent
from crmsync.model.records import Kind, Ref, Side
from crmsync.wire.queue_messages import UnreadableError, dump_changes, load_changes
from tests.builders import NOON, a_change, a_contact

CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(["acme", "beta"]),
        st.just(Kind.CONTACT),
        st.builds(
            Ref,
            st.sampled_from(Side),
            st.sampled_from(["contact", "Lead", "Contact"]),
            st.text(min_size=1),
        ),
        st.sampled_from(Cause),
        st.just(NOON),
        st.integers(0, 40),
        st.just(()),
        st.booleans(),
        st.lists(
            st.builds(TieEvent, st.just(a_contact().ref), st.just(NOON), st.booleans()), max_size=2
        ).map(tuple),
    ),
    max_size=250,
)


@given(CHANGES)
def test_every_change_is_read_back_once(changes):
    """All changes are read back once, at most a hundred of one connection per message."""
    messages = [load_changes(text) for text in dump_changes(changes)]
    assert sorted(repr(change) for message in messages for change in message) == sorted(
        map(repr, changes)
    )
    assert all(
        len(message) <= 100 and len({one.connection for one in message}) == 1
        for message in messages
    )


def test_a_message_stays_small_with_many_dissociated_contacts():
    """Changes with many dissociated contacts are spread over more messages."""
    ties = tuple(
        TieEvent(Ref(Side.HUBSPOT, "contact", str(number)), NOON) for number in range(MAX_TIES)
    )
    deals = [
        replace(a_change(Ref(Side.HUBSPOT, "deal", str(number))), ties=ties)
        for number in range(100)
    ]
    messages = dump_changes(deals)
    assert [change for text in messages for change in load_changes(text)] == deals
    assert max(map(len, messages)) < 128 * 1024


def test_a_message_is_read_from_an_eventbridge_event():
    """A queue behind a rule of the bus gets the message as the detail of an event."""
    change = a_change(a_contact().ref)
    (text,) = dump_changes([change])
    assert load_changes(json.dumps({"source": "crmsync.hubspot", "detail": json.loads(text)})) == [
        change
    ]


def a_message(**fields: str) -> str:
    """A message with one change, with the given JSON texts as values."""
    row = {
        "side": '"hubspot"',
        "object": '"contact"',
        "id": '"81"',
        "cause": '"edited"',
        "at": "0",
    } | fields
    change = ",".join(f'"{name}":{value}' for name, value in row.items())
    return f'{{"version":1,"connection":"acme","kind":"contact","changes":[{{{change}}}]}}'


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{}",
            "[]",
            "null",
            '{"version": 2}',
            '{"version":1,"connection":"a","kind":"x","changes":[]}',
        ),
        *(
            DEEP,
            '{"version":1,"changes":' + DEEP,
            '{"version":1,"connection":"acme","kind":"contact","changes":7}',
        ),
        *(
            a_message(at=value)
            for value in ("1e400", "1e30", "-1e30", "NaN", "null", '"noon"', "1" * 5000)
        ),
        *(a_message(tries=value) for value in ("Infinity", '"many"', "[]")),
        *(
            a_message(side='"nobody"'),
            a_message(cause='"odd"'),
            a_message(waiting="[7]"),
            a_message(ties='[["a"]]'),
        ),
    ],
)
def test_any_other_text_is_unreadable(text):
    """Another text, or a message of an unknown version, is unreadable."""
    with pytest.raises(UnreadableError):
        load_changes(text)

"""The console's tokens: what is valid, and all that is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmsync.wire.console_tokens import (
    ConsoleToken,
    Purpose,
    form_proof,
    is_form_proof,
    is_made_of,
    made_of,
    read_token,
    sign_token,
)
from tests.builders import NOON

KEY = b"the-key-that-is-in-use-in-this-test"
OTHER = b"the-key-that-was-in-use-before-that"
ADA = "arn:aws:sts::111122223333:assumed-role/Operators/ada"
TOKEN = ConsoleToken("h8Jk2", ADA, NOON + timedelta(minutes=5))


def test_a_token_is_read_until_it_ends():
    """Whole, with who asked for it, up to the last millisecond."""
    text = sign_token(TOKEN, Purpose.LINK, KEY)
    last = TOKEN.ends - timedelta(milliseconds=1)

    assert read_token(text, Purpose.LINK, KEY, last) == TOKEN
    assert read_token(text, Purpose.LINK, KEY, TOKEN.ends) is None


@pytest.mark.parametrize(
    ("purpose", "key"), [(Purpose.SESSION, KEY), (Purpose.FORM, KEY), (Purpose.LINK, OTHER)]
)
def test_a_token_is_good_for_one_purpose_and_one_key(purpose: Purpose, key: bytes):
    """A link is no session, and another key ends it."""
    assert read_token(sign_token(TOKEN, Purpose.LINK, KEY), purpose, key, NOON) is None


def test_an_altered_token_is_none():
    """Whichever character is another one, and with anything missing or added."""
    text = sign_token(TOKEN, Purpose.SESSION, KEY)
    altered = [
        text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        for place in range(len(text) - 1)
    ]
    altered += [text[:-2], text + "A", text.partition(".")[0], "." + text, "", ".", "é.é", "a.b"]

    assert {read_token(one, Purpose.SESSION, KEY, NOON) for one in altered} == {None}


def test_a_form_belongs_to_its_session():
    """The proof of another session, of another key, or none at all is refused."""
    other = ConsoleToken("q4Zt9", ADA, TOKEN.ends)

    assert is_form_proof(form_proof(TOKEN, KEY), TOKEN, KEY)
    for text in (form_proof(other, KEY), form_proof(TOKEN, OTHER), "", "é"):
        assert not is_form_proof(text, TOKEN, KEY)


def test_what_belongs_to_a_token_is_of_one_purpose():
    """What a sign-in is known by: none of it says anything about another, or about another sign-in."""
    other = ConsoleToken("q4Zt9", "", TOKEN.ends)
    purposes = (Purpose.STATE, Purpose.NONCE, Purpose.VERIFIER)
    made = [made_of(one, purpose, KEY) for one in (TOKEN, other) for purpose in purposes]

    assert (len(set(made)), {len(one) for one in made}) == (6, {43})
    assert is_made_of(made[0], TOKEN, Purpose.STATE, KEY)
    for text in (made[1], made[3], "", "\u00e9"):
        assert not is_made_of(text, TOKEN, Purpose.STATE, KEY)

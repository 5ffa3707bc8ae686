"""Only fields that differ from the base are looked into; the result is that of looking into all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from crmsync.model.fields import ComparedFormat, FieldType
from crmsync.model.fingerprints import (
    CHANGED,
    UNAGREED,
    UNDELIVERED,
    Base,
    Fingerprinter,
    prefixes,
    tag,
)
from crmsync.model.links import Link
from crmsync.model.records import Record, Side, Value
from crmsync.rules.fields.values import canonical, day_before_zones, is_too_long
from crmsync.rules.merge.baseline import Forms, forms_of, view
from crmsync.rules.merge.policies import FieldState, may_pass, merge_field, newest_of
from crmsync.rules.merge.record import merge_pair
from tests.builders import (
    FINGERPRINTER,
    OUR_APP,
    OUR_USER,
    a_contact,
    a_lead,
    a_link,
    a_ruleset,
    at,
)

KEY = b"a key for tests only"
ZONE = timezone(timedelta(hours=-5))
FORMS = forms_of(
    {
        "text": ComparedFormat(FieldType.TEXT, length=5),
        "later": ComparedFormat(FieldType.TEXT, since=at(-30)),
        "phone": ComparedFormat(FieldType.PHONE),
        "number": ComparedFormat(FieldType.NUMBER, scale=1),
        "choice": ComparedFormat(FieldType.CHOICE, same={"yes": "ja"}),
        "day": ComparedFormat(FieldType.DATED, zone=ZONE),
        "out": FieldType.BOOLEAN,
    }
)
VALUES = st.sampled_from(
    [
        None,
        "",
        " x ",
        "Yes",
        "ja",
        "1.04",
        1,
        "+1 (2)",
        "12",
        "long text",
        True,
        "false",
        "2027-01-01T00:00:00Z",
        "2026-12-31",
    ]
)
RULESET = a_ruleset()
TEXTS = st.sampled_from([None, "a", "b ", " b", "x" * 41, "x" * 300])
HOWS = ("agreed", "apart", "day", "pending", "undelivered", "open", "new")
NAMES = {"phone": "Phone", "jobtitle": "Title", "firstname": "FirstName", "address": "Street"}


@given(
    st.lists(
        st.tuples(st.text(), st.none() | st.booleans() | st.text() | st.integers()), max_size=5
    )
)
def test_a_fingerprint_is_the_keyed_hash_of_name_type_and_value(shown):
    """It is stored, so it stays what it is, whether one value is hashed or all those of a record."""
    fingerprinter = Fingerprinter(KEY)
    expected = [
        hashlib.blake2b(
            f"{name}\x00{type(value).__name__}\x00{value}".encode(), digest_size=5, key=KEY
        ).digest()
        for name, value in shown
    ]
    names, values = [prefixes(name) for name, _ in shown], [value for _, value in shown]
    assert fingerprinter.fingerprints(names, values) == expected
    assert [fingerprinter.fingerprint(*one) for one in shown] == expected


@given(
    shown=st.fixed_dictionaries(dict.fromkeys(FORMS, VALUES)),
    agreed=st.fixed_dictionaries(dict.fromkeys(FORMS, VALUES)),
    how=st.fixed_dictionaries(dict.fromkeys(FORMS, st.sampled_from(HOWS))),
    wrote=st.frozensets(st.sampled_from(list(FORMS))),
    is_ours=st.booleans(),
)
def test_a_view_is_what_each_field_shows_by_itself(shown, agreed, how, wrote, is_ours):
    """Whatever the base has of the fields: the states of all of them, and those that Salesforce has
    normalised.
    """
    record = a_lead(shown, by=OUR_USER if is_ours else "")
    base = Base(
        {FORMS[name].tag: entry for name in FORMS if (entry := _entry(name, agreed, how[name]))}
    )
    link = replace(
        a_link(a_contact(), a_lead(), RULESET),
        salesforce_base=base,
        wrote=frozenset(map(tag, wrote)),
    )

    seen = view(record, FORMS, link, FINGERPRINTER, OUR_USER)

    states, normalised = _one_by_one(record, FORMS, link)
    assert ({name: seen.state(name) for name in FORMS}, seen.normalised) == (states, normalised)
    news = {name for name, state in states.items() if state.has_news}
    assert seen.unchanged == (not news and not normalised)
    assert {name for name in FORMS if seen.has_news_of(name)} == news
    assert seen.unmatched == news | normalised | {
        name for name, state in states.items() if state.diverged
    }
    assert seen.is_ticked_or_changed("out") == bool(
        states["out"].canonical or states["out"].changed
    )


@given(
    before=st.fixed_dictionaries(dict.fromkeys(NAMES, st.tuples(TEXTS, TEXTS))),
    now=st.fixed_dictionaries(dict.fromkeys(NAMES, st.tuples(TEXTS, TEXTS))),
    changed=st.frozensets(st.sampled_from(list(NAMES))),
)
def test_a_merge_decides_as_if_it_had_decided_every_mapping(before, now, changed):
    """Mappings without news are left out of a merge, and would not have been changed by it."""
    shown = {name: now[name] if name in changed else before[name] for name in NAMES}
    link = a_link(*_pair(before), RULESET)
    hubspot, salesforce = _pair(shown)

    merged = merge_pair(hubspot, salesforce, link, RULESET)

    field_map = RULESET.mapping_of(salesforce).field_map
    mine, theirs = merged.shown[Side.HUBSPOT], merged.shown[Side.SALESFORCE]
    decisions = {
        rule: merge_field(
            rule,
            mine.state(rule.hubspot),
            theirs.state(rule.salesforce),
            newest_of(rule.hubspot, hubspot, salesforce, OUR_APP),
        )
        for rule in field_map
    }
    assert {rule: merged.decided(rule).decision for rule in field_map} == decisions
    assert merged.truncated == tuple(
        rule
        for rule in field_map
        if (
            is_too_long(rule, Side.SALESFORCE, hubspot.fields.get(rule.hubspot))
            and decisions[rule].winner is not Side.SALESFORCE
            and may_pass(rule, Side.HUBSPOT)
        )
    )


def _entry(name: str, agreed: Mapping[str, Value], how: str) -> bytes | None:
    """What the base has of a field."""
    field = FORMS[name]
    value = canonical(field.value_format, agreed[name])
    return {
        "agreed": FINGERPRINTER.fingerprint(field.key, value),
        "apart": FINGERPRINTER.fingerprint_diverged(field.key, value),
        "day": FINGERPRINTER.fingerprint(field.key, "2027-01-01"),
        "pending": CHANGED,
        "undelivered": UNDELIVERED,
        "open": UNAGREED,
        "new": None,
    }[how]


def _one_by_one(
    record: Record, forms: Forms, link: Link
) -> tuple[Mapping[str, FieldState], frozenset[str]]:
    """The state of each field by the definition of its parts, and the normalised fields."""
    base = link.salesforce_base
    states: dict[str, FieldState] = {}
    normalised: set[str] = set()
    for name, field in forms.items():
        value = record.fields.get(name)
        comparable: Value = canonical(field.value_format, value)
        agreed = base.fingerprint_of(field.key)
        fingerprint = FINGERPRINTER.fingerprint(field.key, comparable)
        changed = None if agreed is None else fingerprint != agreed
        is_new = field.key != name and bool(base.fingerprints) and not base.knows(field.key)
        diverged = bool(changed) and agreed == FINGERPRINTER.fingerprint_diverged(
            field.key, comparable
        )
        changed = False if diverged else changed
        day = day_before_zones(field.value_format, value)
        if changed and day and FINGERPRINTER.fingerprint(field.key, day) == agreed:
            comparable, changed = day, False
        ours = record.modified_by == OUR_USER and link.has_written(name)
        if changed and agreed not in {CHANGED, UNDELIVERED} and ours:
            normalised.add(name)
            changed = False
        undelivered = agreed == UNDELIVERED
        states[name] = FieldState(value, comparable, changed, is_new, diverged, undelivered)
    return states, frozenset(normalised)


def _pair(values: Mapping[str, tuple[Value, Value]]) -> tuple[Record, Record]:
    """A contact and a lead with these values in the mapped fields: HubSpot's and Salesforce's."""
    return (
        a_contact({name: mine for name, (mine, _) in values.items()}),
        a_lead({NAMES[name]: theirs for name, (_, theirs) in values.items()}),
    )

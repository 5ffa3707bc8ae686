"""What differs from the base, and what a side has merely settled in its own way."""

from dataclasses import replace
from datetime import timedelta, timezone

from crmsync.model.fields import ComparedFormat, FieldType
from crmsync.model.fingerprints import Base, Fingerprinter
from crmsync.rules.merge.baseline import forms_of, view
from tests.builders import FINGERPRINTER, OUR_USER, a_contact, a_lead, a_link, a_ruleset

RULESET = a_ruleset()
FORMS = RULESET.mappings["Lead"].salesforce_forms


def test_a_side_that_shows_what_was_agreed_is_unchanged():
    """Nothing differs from the base, so the other side need not be read."""
    lead = a_lead()
    assert view(lead, FORMS, a_link(a_contact(), lead, RULESET), FINGERPRINTER, OUR_USER).unchanged


def test_a_value_in_another_spelling_is_no_change():
    """Space around a name and the formatting of a number do not count as changes."""
    before = a_lead({"FirstName": "Ada", "Phone": "+1 555 0100"})
    now = a_lead({"FirstName": " Ada ", "Phone": "+1 (555) 0100"})
    assert view(now, FORMS, a_link(a_contact(), before, RULESET), FINGERPRINTER, OUR_USER).unchanged


def test_a_value_that_salesforce_formatted_after_our_write_is_normalised():
    """We wrote the country, Salesforce shows it in another form, and nobody else has edited the
    record: that is no change.
    """
    wrote = a_lead({"Country": "Deutschland"})
    shows = a_lead({"Country": "DE"}, by=OUR_USER)
    link = a_link(a_contact(), wrote, RULESET, wrote=("Country",))
    seen = view(shows, FORMS, link, FINGERPRINTER, OUR_USER)
    assert (seen.normalised, seen.state("Country").changed) == (frozenset({"Country"}), False)


def test_a_field_that_we_did_not_write_is_news_even_if_we_edited_the_record_last():
    """A trigger that changes another field in response to our write has really changed it."""
    link = a_link(a_contact(), a_lead({"Industry": "Steel"}), RULESET, wrote=("Country",))
    seen = view(a_lead({"Industry": "Iron"}, by=OUR_USER), FORMS, link, FINGERPRINTER, OUR_USER)
    assert (seen.normalised, seen.state("Industry").changed) == (frozenset(), True)


def test_a_value_that_a_person_changed_after_our_write_is_news():
    """Somebody else has edited the record since, so the difference is their change."""
    link = a_link(a_contact(), a_lead({"Country": "Deutschland"}), RULESET, wrote=("Country",))
    assert (
        view(a_lead({"Country": "DE"}), FORMS, link, FINGERPRINTER, OUR_USER)
        .state("Country")
        .changed
        is True
    )


def test_a_field_without_a_base_is_neither_changed_nor_unchanged():
    """A field that was never agreed on (a new mapping) is not taken for an unchanged one."""
    link = replace(a_link(a_contact(), a_lead(), RULESET), salesforce_base=Base())
    assert view(a_lead(), FORMS, link, FINGERPRINTER, OUR_USER).state("FirstName").changed is None


def test_the_stored_base_holds_no_value_and_depends_on_the_key():
    """A base consists of keyed hashes: without the key not even a guessed value can be checked."""
    base = a_link(a_contact(), a_lead(), RULESET).salesforce_base
    assert b"Ada" not in base.to_bytes()
    assert Base.from_bytes(base.to_bytes()) == base
    assert FINGERPRINTER.fingerprint("FirstName", "Ada") != Fingerprinter(
        b"another key, as long as the first"
    ).fingerprint("FirstName", "Ada")


def test_a_link_of_forty_mapped_fields_stays_within_one_write_unit():
    """DynamoDB charges per started kilobyte: both bases of forty fields leave room for ids and
    counters.
    """
    names = [f"field_{number}" for number in range(40)]
    base = Base().with_fingerprints({name: FINGERPRINTER.fingerprint(name, "x") for name in names})
    assert 2 * len(base.to_bytes()) == 720


def test_a_day_agreed_on_before_there_were_zones_is_no_news():
    """Earlier versions took the day of a moment in UTC. Their midnight values do not count as edits
    in an account west of Greenwich.
    """
    deal = replace(a_contact(), fields={"closedate": "2027-01-01T00:00:00Z"})
    agreed = Base().with_fingerprints(
        {"closedate": FINGERPRINTER.fingerprint("closedate", "2027-01-01")}
    )
    link = replace(a_link(a_contact(), a_lead(), a_ruleset()), hubspot_base=agreed)
    zone = timezone(timedelta(hours=-5))
    forms = forms_of({"closedate": ComparedFormat(FieldType.DATED, zone=zone)})

    assert view(deal, forms, link, FINGERPRINTER).unchanged
    moved = replace(deal, fields={"closedate": "2027-01-01T00:30:00Z"})
    assert not view(moved, forms, link, FINGERPRINTER).unchanged

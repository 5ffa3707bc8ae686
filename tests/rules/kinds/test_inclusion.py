"""Which contacts sync (INC-1 to INC-7)."""

import pytest

from crmsync.model.settings import ContactSettings, OutsideInclusionList
from crmsync.rules.kinds.contact.inclusion import (
    is_frozen,
    needs_membership,
    new_record_qualifies,
    qualifies,
)
from tests.builders import a_contact

CONTACT = a_contact()


@pytest.mark.rule("INC-1")
@pytest.mark.rule("INC-5")
@pytest.mark.rule("SET-9")
def test_without_an_inclusion_list_every_contact_syncs():
    """By default there is no inclusion list, and every contact syncs."""
    assert qualifies(CONTACT, ContactSettings(), frozenset())


@pytest.mark.rule("INC-2")
def test_with_a_list_only_its_members_sync():
    """A contact syncs only while it is in the list."""
    settings = ContactSettings(inclusion_list="77")
    assert qualifies(CONTACT, settings, {CONTACT.ref})
    assert not qualifies(CONTACT, settings, frozenset())


@pytest.mark.rule("INC-4")
@pytest.mark.parametrize(
    ("stage", "expected"), [("subscriber", False), ("lead", True), ("customer", True), (None, True)]
)
def test_the_preset_excludes_subscribers(stage, expected):
    """The preset contains all contacts but those with the lifecycle stage Subscriber."""
    contact = a_contact({"lifecyclestage": stage})
    assert qualifies(contact, ContactSettings(inclusion_list="default"), frozenset()) is expected


@pytest.mark.rule("INC-7")
@pytest.mark.parametrize(
    ("setting", "frozen"),
    [
        (OutsideInclusionList.FREEZE, True),
        (OutsideInclusionList.IGNORE, True),
        (OutsideInclusionList.SYNC, False),
    ],
)
def test_a_pair_outside_the_list_is_frozen_unless_the_setting_lets_it_sync(setting, frozen):
    """Outside the list no change syncs in either direction, and listed contacts are never
    frozen.
    """
    settings = ContactSettings(inclusion_list="77", outside_inclusion_list=setting)
    assert is_frozen(settings, included=False) is frozen
    assert not is_frozen(settings, included=True)


@pytest.mark.rule("INC-6")
def test_a_contact_that_does_not_exist_yet_is_in_no_hubspot_list():
    """A contact that is about to be created can be in no list, but it is no subscriber either."""
    assert [
        new_record_qualifies(ContactSettings(inclusion_list=one)) for one in ("", "default", "77")
    ] == [
        True,
        True,
        False,
    ]
    assert [
        needs_membership(ContactSettings(inclusion_list=one)) for one in ("", "default", "77")
    ] == [
        False,
        False,
        True,
    ]

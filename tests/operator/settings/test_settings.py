"""Settings are pushed, shown before they come into force, compared and rolled back as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmsync.config import Complaint, ConfigError, load_settings
from crmsync.errors import Gone
from crmsync.flows.operator.errors import ErrorRow
from crmsync.flows.operator.settings import Pushed
from crmsync.flows.operator.setup import Checked
from crmsync.flows.setup.steps import StepState
from crmsync.model.effects import Category, Report
from crmsync.model.operations.inbox import InboxEntry
from crmsync.model.records import Ref, Side
from crmsync.model.settings import Settings
from crmsync.rules.settings.dates import dated
from tests.builders import NOON
from tests.config.files import EVERYTHING, MINIMAL
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import ORG, PORTAL

NEVER = MINIMAL + '[connection.contacts]\ncreate_in_hubspot = "never"\n'


def test_a_push_without_apply_only_says_what_it_would_change(deployment: Deployment) -> None:
    """The first push would be version 1; nothing is stored."""
    pushed = deployment.operator.settings.push(MINIMAL, apply=False)

    assert pushed == Pushed(1, applied=False, changes=("acme: new, HubSpot account 555001",))
    assert deployment.operator.settings.in_force() == Settings()


def test_a_push_lists_what_it_changed(deployment: Deployment) -> None:
    """Each changed value has one line with the old and the new value."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    pushed = deployment.operator.settings.push(NEVER, apply=True)

    changes = ('acme.contacts.create_in_hubspot: "leads_and_contacts" -> "never"',)
    assert pushed == Pushed(2, applied=True, changes=changes)
    assert deployment.operator.settings.in_force() == dated(
        Settings(),
        Settings(load_settings(NEVER).connections, 2),
        deployment.operator.settings.now(),
    )


def test_the_same_text_is_not_pushed_twice(deployment: Deployment) -> None:
    """The settings in force stay as they are, under their number."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    assert deployment.operator.settings.push(MINIMAL, apply=True) == Pushed(1, applied=False)
    assert [one.version for one in deployment.operator.settings.history()] == [1]


def test_a_new_comment_is_a_new_version(deployment: Deployment) -> None:
    """The file is stored as it was written, so other wording makes a version that changes no
    setting.
    """
    deployment.operator.settings.push(MINIMAL, apply=True)

    pushed = deployment.operator.settings.push("# ours\n" + MINIMAL, apply=True)

    assert pushed == Pushed(2, applied=True, changes=("nothing but the file's wording",))


def test_a_file_with_a_mistake_changes_nothing(deployment: Deployment) -> None:
    """A refused file leaves the settings in force as they are."""
    deployment.operator.settings.push(MINIMAL, apply=True)

    with pytest.raises(ConfigError) as refused:
        deployment.operator.settings.push(MINIMAL.replace("555001", "none"), apply=True)

    assert refused.value.complaints == (Complaint(4, "this is not TOML: invalid value", "CFG-1"),)
    assert deployment.operator.settings.in_force().version == 1


def test_rolling_back_pushes_the_old_text_again(deployment: Deployment) -> None:
    """The old text comes into force under a new number, and the history keeps every version."""
    deployment.operator.settings.push(MINIMAL, apply=True)
    deployment.operator.settings.push(NEVER, apply=True)

    changes = ('acme.contacts.create_in_hubspot: "never" -> "leads_and_contacts"',)
    assert deployment.operator.settings.rollback(1, apply=False) == Pushed(
        3, applied=False, changes=changes
    )
    assert deployment.operator.settings.rollback(1, apply=True) == Pushed(
        3, applied=True, changes=changes
    )
    pushed = [one.revision.text for one in deployment.operator.settings.history() if one.revision]
    assert pushed == [MINIMAL, NEVER, MINIMAL]
    with pytest.raises(Gone, match="no settings of version 9"):
        deployment.operator.settings.rollback(9, apply=True)


@pytest.fixture
def with_mapped_fields() -> Iterator[Deployment]:
    """An account and an org with all fields that the complete settings file maps."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        yield made


def test_every_kind_of_difference_has_its_line(with_mapped_fields: Deployment) -> None:
    """Numbers, switches, lists, owners and mapping rows have a line each; so has a removed
    connection.
    """
    deployment = with_mapped_fields
    everything = EVERYTHING.replace('inclusion_list = "77"', 'inclusion_list = ""').replace(
        'pipelines = ["Partners", "Renewals"]', "pipelines = []"
    )
    deployment.operator.settings.push(everything, apply=True)
    other = MINIMAL.replace("acme", "beta").replace("555001", "555002")
    changed = everything.replace("= 20000", "= 0").replace(
        "delete_in_hubspot = true", "delete_in_hubspot = false"
    )
    changed = changed.replace(', "BOUNCE"', "").replace(
        '"Favourite_Colour__c"', '"Other_Colour__c"'
    )
    changed = changed.replace('"ben@example.com"', '"eve@example.com"')

    pushed = deployment.operator.settings.push(changed + other, apply=True)

    assert pushed.changes == (
        "acme.salesforce.daily_call_allotment: 20000 -> 0",
        "acme.contacts.delete_in_hubspot: true -> false",
        "acme.contacts.field favourite_colour / Other_Colour__c: none -> prefer_salesforce",
        "acme.companies.delete_in_hubspot: true -> false",
        'acme.email_tasks.kinds: ["OPEN", "CLICK", "BOUNCE"] -> ["OPEN", "CLICK"]',
        'acme.owners eve@example.com: none -> "005000000000001AAA"',
        "acme.contacts.field favourite_colour / Favourite_Colour__c: prefer_salesforce -> none",
        'acme.owners ben@example.com: "005000000000001AAA" -> none',
        "beta: new, HubSpot account 555002",
    )
    assert deployment.operator.settings.push(other, apply=False).changes == (
        "acme: removed, its records no longer sync",
    )


def test_a_default_pair_has_a_policy_before_a_row_names_it(deployment: Deployment) -> None:
    """A row that stops a default pair shows the policy that it had, in any spelling of the field;
    without the row it has that policy again.
    """
    row = '[[connection.contacts.field]]\nhubspot = "jobtitle"\nsalesforce = "title"\nupdate = "never"\n'
    deployment.operator.settings.push(MINIMAL, apply=True)

    stopped = deployment.operator.settings.push(MINIMAL + row, apply=True)
    again = deployment.operator.settings.push(MINIMAL, apply=False)

    assert (stopped.changes, again.changes) == (
        ("acme.contacts.field jobtitle / Title: two_way -> never",),
        ("acme.contacts.field jobtitle / Title: never -> two_way",),
    )


def test_check_reads_both_sides_and_writes_nothing(deployment: Deployment) -> None:
    """A check of a file that is not in force yet says what is missing."""
    checked = deployment.operator.setup.check(MINIMAL)

    assert not checked.is_good
    assert {step.state for step in checked.steps} == {StepState.THERE, StepState.MISSING}
    assert deployment.writes == (0, 0)


def test_check_is_good_after_set_up(deployment: Deployment) -> None:
    """Nothing is left to do; an API that HubSpot will end is a warning."""
    with pytest.raises(Gone, match="No settings have been pushed yet"):
        deployment.operator.setup.check()
    deployment.operator.settings.push(MINIMAL, apply=True)
    steps = tuple(deployment.operator.setup.set_up(apply=True))

    checked = deployment.operator.setup.check()

    log = (
        "e-mail tasks read HubSpot's e-mail event log (/email/public/v1/events), which HubSpot supports until September 2027; "
        "it has announced no successor"
    )
    assert checked == Checked(
        tuple(deployment.operator.setup.set_up(apply=False)), (Complaint(1, log, "TASK-1"),)
    )
    assert (checked.is_good, len(checked.steps)) == (True, len(steps))


def test_a_waiting_record_is_listed_but_is_no_error(deployment: Deployment) -> None:
    """Errors are counted over all connections; a contact without an address only waits (TRG-17)."""
    other = MINIMAL.replace("acme", "beta").replace("555001", "555002")
    deployment.operator.settings.push(MINIMAL + other, apply=True)
    waiting = Report(
        Ref(Side.HUBSPOT, "contact", "81"), Category.WAITING, "It has no e-mail address."
    )
    refused = Report(
        Ref(Side.HUBSPOT, "contact", "82"),
        Category.VALIDATION,
        "A rule says no.",
        "Phone",
        "Mend it.",
    )
    elsewhere = Report(
        Ref(Side.HUBSPOT, "contact", "83"), Category.INTERNAL, "Not of any connection."
    )
    deployment.inbox.park("beta", [refused])
    deployment.inbox.park("acme", [waiting])
    deployment.inbox.park("gone", [elsewhere])

    assert deployment.operator.errors.all() == [
        ErrorRow("acme", InboxEntry(waiting, NOON, NOON, 1)),
        ErrorRow("beta", InboxEntry(refused, NOON, NOON, 1)),
    ]
    assert deployment.operator.errors.count_open() == 1

"""Ten wrong settings files and the complaints about them: each with its line and its rule, and
nothing comes into force.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmsync.cli import main
from tests.operator import deployments
from tests.operator.deployments import Deployment
from tests.operator.mapped_worlds import ORG, PORTAL

GOOD = """\
[[connection]]
name = "acme"

[connection.hubspot]
portal_id = 555001
secret = "crmsync/acme/hubspot"

[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
"""
"""Ten lines; what a file adds begins after them."""


def field(hubspot: str, salesforce: str, update: str = "two_way") -> str:
    """A mapping of contacts after a blank line: five lines, the property in the third."""
    row = f'hubspot = "{hubspot}"\nsalesforce = "{salesforce}"\nupdate = "{update}"\n'
    return f"\n[[connection.contacts.field]]\n{row}"


FILES = {
    "no TOML": (
        GOOD.replace('"acme"', "acme"),
        ["line 2: this is not TOML: invalid value (CFG-1)"],
    ),
    "keys that do not exist": (
        GOOD
        + "\n[connection.contact]\nsync = true\n\n[connection.companies]\nmatch_by_domains = true\n",
        [
            'line 12: unknown key "contact" in [[connection]]; did you mean "contacts"? (CFG-2)',
            'line 16: unknown key "match_by_domains" in [connection.companies]; did you mean "match_by_domain"? (CFG-2)',
        ],
    ),
    "keys that are missing": (
        GOOD.replace('name = "acme"\n', "").replace('secret = "crmsync/acme/salesforce"\n', ""),
        [
            "line 1: [[connection]] needs name (CFG-3)",
            "line 7: [connection.salesforce] needs secret (CFG-3)",
        ],
    ),
    "values of a wrong type": (
        GOOD.replace("555001", '"555001"')
        + '\n[connection.contacts]\ninclusion_list = 77\ndelete_in_hubspot = "yes"\nmax_deletes_per_hour = -1\n',
        [
            'line 5: portal_id is "555001", must be a whole number (TEN-1)',
            "line 13: inclusion_list is 77, must be a text in quotes (SET-9)",
            'line 14: delete_in_hubspot is "yes", must be true or false (DEL-1)',
            "line 15: max_deletes_per_hour is -1, must be at least 0 (Q-30)",
        ],
    ),
    "words that are no choice": (
        GOOD
        + '\n[connection.contacts]\ncreate_in_salesforce = "Lead"\noutside_inclusion_list = "delete"\n',
        [
            'line 13: create_in_salesforce is "Lead", must be one of lead, contact, contact_if_account, never (SET-2)',
            'line 14: outside_inclusion_list is "delete", must be one of freeze, sync, ignore (INC-7)',
        ],
    ),
    "a token in a name's place, and a host that is none": (
        GOOD.replace("crmsync/acme/hubspot", "pat-eu1-0000").replace(
            "https://acme.my.salesforce.com", "login"
        ),
        [
            "line 6: secret looks like a secret itself: keep it in Secrets Manager and write its name here (CFG-3)",
            'line 9: login_url is "login", must be an address such as "https://acme.my.salesforce.com" (INS-1)',
        ],
    ),
    "the opt-out and the owner mapped": (
        GOOD
        + field("hs_email_optout", "Newsletter__c")
        + field("hubspot_owner_id", "OwnerId", "never"),
        [
            "line 13: hs_email_optout always goes with HasOptedOutOfEmail; no mapping can change or weaken that (OPT-2)",
            "line 20: the owner mapping is always two_way, it cannot be never (MAP-5)",
        ],
    ),
    "fields mapped twice": (
        GOOD
        + field("nickname", "Nickname__c")
        + field("favourite_colour", "Nickname__c")
        + field("phone", "Hint__c"),
        [
            "line 19: Nickname__c is mapped twice: above nickname goes with it (MAP-8)",
            "line 23: phone is mapped already: by default it goes with Phone (MAP-8)",
        ],
    ),
    "types that do not go together": (
        GOOD
        + field("nickname", "Points__c")
        + field("score", "Nickname__c")
        + field("no_such", "Hint__c"),
        [
            (
                "line 14: nickname is single-line text, Points__c on Lead is of type double; "
                "single-line text goes with string, email, phone, url, textarea (MAP-7)"
            ),
            (
                "line 19: score is a number, Nickname__c on Lead is of type string; "
                "a number goes with double, currency, percent, int (MAP-7)"
            ),
            "line 23: HubSpot's contacts have no property no_such (MAP-8)",
        ],
    ),
    "deals without companies, and an account that is connected twice": (
        GOOD
        + "\n[connection.companies]\nsync = false\n\n[connection.deals]\nsync = true\n\n"
        + GOOD.replace('"acme"', '"beta"'),
        [
            "line 16: deals can sync only where companies do: switch companies on, or deals off (OPP-2)",
            'line 22: HubSpot account 555001 is connected already, by "acme"; one account syncs with one org (PERM-3)',
        ],
    ),
}
assert len(FILES) == 10, "as many as the title says"


@pytest.fixture(scope="module")
def running() -> Iterator[Deployment]:
    """A deployment with valid settings in force, and an account and an org with custom fields."""
    with deployments.deployment(portal=PORTAL, org=ORG) as made:
        made.operator.settings.push(GOOD, apply=True)
        yield made


@pytest.mark.rule("OPT-2")
@pytest.mark.rule("MAP-7")
@pytest.mark.rule("MAP-8")
@pytest.mark.rule("OPP-2")
@pytest.mark.parametrize("case", FILES)
def test_a_wrong_file_is_refused_line_by_line(
    case: str, running: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All mistakes of a file are reported at once, in order, and the settings in force stay."""
    text, complaints = FILES[case]
    before = running.operator.settings.history()
    file = tmp_path / "settings.toml"
    file.write_text(text)

    status = main(["settings", "push", str(file), "--apply"], operator=running.operator)

    printed = capsys.readouterr()
    assert (status, printed.out, printed.err.splitlines()) == (1, "", complaints)
    assert running.operator.settings.history() == before
    assert running.writes == (0, 0)

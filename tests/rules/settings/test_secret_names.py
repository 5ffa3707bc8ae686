"""Names of the secrets that belong to those of the settings, and what is said of where the
webhook's keys stand.
"""

import pytest

from crmsync.rules.settings.secret_names import (
    KeyPlace,
    objection_to_keys,
    remark_on_keys,
    signing_secret,
)

APART, BESIDE = "signing/crmsync/acme/hubspot", "crmsync/acme/hubspot"


@pytest.mark.parametrize(
    "secret",
    [BESIDE, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crmsync/acme/hubspot-AbCdEf"],
)
def test_the_signing_secret_is_named_after_hubspots(secret: str) -> None:
    """By name or by ARN: never under what the functions' other secrets begin with."""
    assert signing_secret(secret) == APART


@pytest.mark.parametrize(
    ("apart", "beside", "objection", "remark"),
    [
        (KeyPlace(APART, has_key=True, app_id="7"), KeyPlace(BESIDE, app_id="7"), "", ""),
        (
            KeyPlace(APART, has_key=True, app_id="7"),
            KeyPlace(BESIDE, has_key=True, app_id="7"),
            "",
            (
                "crmsync/acme/hubspot has a client_secret as well, for all that may read the token: "
                "take it out where the stack has SigningSecrets=apart."
            ),
        ),
        (
            KeyPlace(APART),
            KeyPlace(BESIDE, has_key=True, app_id="7"),
            "",
            (
                "it stands in crmsync/acme/hubspot, beside the token, where the webhook may read it only if the stack has "
                "SigningSecrets=with_tokens. Better store it with the app_id in signing/crmsync/acme/hubspot, "
                "and take it out there."
            ),
        ),
        (
            KeyPlace(APART, has_key=True),
            KeyPlace(BESIDE, app_id="7"),
            (
                "signing/crmsync/acme/hubspot names no app_id, crmsync/acme/hubspot names app 7: "
                "store the same app_id in both, or our own writes come back as news (CH-5)."
            ),
            "",
        ),
        (
            KeyPlace(APART),
            KeyPlace(BESIDE, app_id="7"),
            (
                "neither signing/crmsync/acme/hubspot nor crmsync/acme/hubspot has a client_secret: its webhooks are "
                "answered 503. Store the app's client_secret and app_id in signing/crmsync/acme/hubspot."
            ),
            "",
        ),
    ],
    ids=["apart", "in both", "beside the token", "another app", "nowhere"],
)
def test_what_is_said_of_the_keys(
    apart: KeyPlace, beside: KeyPlace, objection: str, remark: str
) -> None:
    """Nothing where they stand apart; what stands beside the token works in some stacks only; what
    is nowhere works in none.
    """
    assert (objection_to_keys(apart, beside), remark_on_keys(apart, beside)) == (objection, remark)

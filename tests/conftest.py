"""What every test may rely on: no account of the machine's owner is in reach, and no test is
timed.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.house.rules.collected import is_whole

# A slow machine is no failure; what is fast enough is measured by benchmarks. A run tries the same
# examples as the last one, so that a change is judged by itself; HYPOTHESIS_PROFILE=explore looks
# for new ones.
settings.register_profile("crmsync", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "crmsync"))

ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
FORGOTTEN = (
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_FUNCTION_NAME",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--long`` runs the tests that take minutes as well; all tests together shall not."""
    parser.addoption("--long", action="store_true", help="run the tests that take minutes as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, and say so."""
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: make long"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """A process per core for all tests; a choice of them is sooner done in this one, unless ``-n``
    gives a number.
    """
    return None if is_whole(config) else 0


@pytest.fixture(autouse=True)
def _made_up_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that open nothing, whatever the machine has."""
    for name in FORGOTTEN:
        monkeypatch.delenv(name, raising=False)
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)

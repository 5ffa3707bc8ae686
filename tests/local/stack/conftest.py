"""The laptop stack of throwaway functions, as a fixture."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.stack.laptop import Build, builder


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Build]:
    """Return a function that starts a stack; keyword arguments are the handlers' source texts, and
    replace defaults.
    """
    with ExitStack() as owned:
        yield builder(tmp_path, owned)

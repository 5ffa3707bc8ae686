"""The laptop stack of throwaway functions, as a fixture."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.local.stack.laptop import Build, builder


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Build]:
    """Start a stack; keyword arguments are the handlers' texts by function, named ones replace
    defaults.
    """
    with ExitStack() as owned:
        yield builder(tmp_path, owned)

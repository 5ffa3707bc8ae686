"""A start file with an unknown key is refused before anything starts."""

import pytest

from local.stack import Stack
from local.stack.stack import StackError


def test_unknown_keys_of_a_start_file_are_named_with_their_places() -> None:
    """Otherwise a misspelt key would leave the default in force."""
    world = {"setup": True, "hubspot": [{}, {"portal": 1}], "salesforce": {"user": []}}
    with pytest.raises(StackError) as caught:
        Stack("", world)
    assert str(caught.value) == (
        "the world file has unknown keys: setup, hubspot[1].portal, salesforce.user"
    )

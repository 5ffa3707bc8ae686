"""Fixtures of the fault tests: the whole laptop stack, as the stories have it."""

from tests.flows.conftest import module_stack, new_stack, people, product, stack

__all__ = ["module_stack", "new_stack", "people", "product", "stack"]

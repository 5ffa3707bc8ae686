"""Runs one of the stack's functions in a fresh process of its own, for one call."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from local.bench.figures import BenchError
from local.stack import Stack
from local.stack.lambdas.environment import function_environment
from local.stack.operator import ROOT

NOTHING: Mapping[str, str] = MappingProxyType({})


def first_call(
    stack: Stack,
    function: str,
    module: str,
    event: Mapping[str, Any],
    variables: Mapping[str, str] = NOTHING,
) -> tuple[Any, float]:
    """Import `module` with the paths and the environment of a function and call its handler once.

    Returns the handler's answer and the milliseconds of processor time of both. Raises
    `BenchError` if the call fails.
    """
    functions = list(stack.cloud.functions.values())
    ((number, found),) = [
        (number, one) for number, one in enumerate(functions) if one.name == function
    ]
    paths = [str(found.code), *map(str, found.layers), str(ROOT)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "local/bench/once.py")],
        input=json.dumps({"paths": paths, "module": module, "event": event}),
        env={**function_environment(found, number, stack.cloud.aws.url), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"the first call of {function} failed:\n{done.stderr}")
    answer, milliseconds = json.loads(done.stdout.splitlines()[-1])
    return answer, float(milliseconds)

"""Imports a handler in this fresh process, lets it answer one event, and prints the processor time.

Law: the standard library only, until the handler is imported. Reads ``{"paths", "module",
"event"}`` from stdin; prints ``[answer, milliseconds]`` as its last line.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from types import SimpleNamespace


def main() -> None:
    """Import the handler, call it once, print the result."""
    given = json.load(sys.stdin)
    sys.path[:0] = given["paths"]
    context = SimpleNamespace(
        function_name="webhook",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:100000000001:function:webhook",
        aws_request_id="00000000-0000-0000-0000-000000000001",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    began = time.process_time()
    answer = importlib.import_module(given["module"]).lambda_handler(given["event"], context)
    took = (time.process_time() - began) * 1000
    print(f"\n{json.dumps([answer, took])}")


if __name__ == "__main__":
    main()

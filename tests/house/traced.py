"""A Lambda handler that calls the one in its folder and says which modules of the product ran.

Law: the standard library only; it runs in a Lambda's own process (`tests.house.change_path`).
"""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from types import FrameType
from typing import Any

PRODUCT = ("crmsync", "handler")
"""The packages that count: the layer's, and the function's own module."""


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """The answer of the function's own handler, and the modules in the order in which they were
    first entered.

    A module counts once a function of it runs. What runs while a module is imported does not count,
    nor do the methods that `dataclass` generates.
    """
    handler = importlib.import_module("handler").lambda_handler
    entered: dict[str, None] = {}

    def note(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call" and _is_counted(frame):
            entered[frame.f_globals["__name__"]] = None

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        answer = handler(event, context)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return {"answer": answer, "modules": list(entered)}


def _is_counted(frame: FrameType) -> bool:
    code = frame.f_code
    name = str(frame.f_globals.get("__name__", ""))
    is_written_there = bool(code.co_flags & inspect.CO_OPTIMIZED) and code.co_filename != "<string>"
    return is_written_there and name.partition(".")[0] in PRODUCT and not _is_importing(frame)


def _is_importing(frame: FrameType) -> bool:
    caller = frame.f_back
    while caller is not None:
        if caller.f_code.co_name == "<module>" and caller.f_globals.get("__name__") != "__main__":
            return True
        caller = caller.f_back
    return False

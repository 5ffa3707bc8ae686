"""The laptop stack: the deployed system without AWS, Docker or CRM accounts.

Law: no wiring of its own. template.yaml says what exists and who calls whom; moto plays AWS, the
simulators play the CRMs, and the real handlers run in processes of their own.
"""

from __future__ import annotations

from local.stack.operator import OperatorError
from local.stack.stack import Stack, StackError

__all__ = ["OperatorError", "Stack", "StackError"]

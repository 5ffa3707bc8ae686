"""``python -m local demo``: a short story, told while it happens.

Law: the story is played by people with the vendors' own clients, and judged by what both CRMs then
show; nothing in here looks inside the product except for the decisions that it logs.
"""

from local.demo.terminal import demo

__all__ = ["demo"]

"""``python -m local demo``: a short story, printed while it happens.

Law: the story is played by people with the vendors' own clients and checked by what both CRMs then
show. Of the product only its log of decisions is read.
"""

from local.demo.terminal import demo

__all__ = ["demo"]

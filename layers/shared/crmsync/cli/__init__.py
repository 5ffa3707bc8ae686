"""The operator's command. It reads arguments, calls the `Operator` and prints; it decides nothing.

A command shows what it would do, and does it with ``--apply``. Results go to stdout, with
``--json`` as one document; remarks go to stderr. Exit 0: done. Exit 1: refused, or something needs
attention. Exit 2: wrong usage. Each module has the commands it is named after; `command` puts them
together.
"""

from crmsync.cli.command import main

__all__ = ["main"]

"""The operator's command. It reads arguments, calls the `Operator` and prints; it decides nothing.

A command shows what it would do, and does it with ``--apply``. Results go to stdout, with
``--json`` as one document; remarks go to stderr. Exit 0: done. Exit 1: refused, or something needs
attention. Exit 2: wrong usage. Exit 130: Ctrl-C. Whatever goes wrong is told in a sentence. Each
module has the commands it is named after, in `show` those that only read and in `operate` those
that act on what runs; `command` puts them together.
"""

from crmsync.cli.command import main

__all__ = ["main"]

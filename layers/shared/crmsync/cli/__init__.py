"""The operator's command. Reads arguments, asks the `Operator`, prints; decides nothing.

Shows what it would do and acts with ``--apply``. Results go to stdout, ``--json`` makes them one
document; remarks go to stderr. Exit 0: done. Exit 1: refused, or there are findings. Exit 2: wrong
usage. A group of words is a module here; `command` puts them together.
"""

from crmsync.cli.command import main

__all__ = ["main"]

"""``python -m crmsync.cli``, the same as ``crmsync``."""

import sys

from crmsync.cli.command import main

if __name__ == "__main__":
    sys.exit(main())

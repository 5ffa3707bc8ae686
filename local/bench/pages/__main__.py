"""``python -m local.bench.pages``: measures the pages of the console."""

import sys

from local.bench.pages.pages import main

sys.exit(main())

"""The composition root: which gateways stand behind the ports, per Lambda and for the command.

Everything is created when it is first needed and kept while the Lambda is warm. Gateways and flows
are imported inside the functions that need them, so that a Lambda loads only the SDKs it uses: the
webhook answers within HubSpot's time limit even after a cold start. Nothing is decided here.
"""

from __future__ import annotations

import gc

COLLECT_AFTER = 50_000
"""Container objects that come into being before Python looks for garbage (decision 48)."""

gc.set_threshold(COLLECT_AFTER)

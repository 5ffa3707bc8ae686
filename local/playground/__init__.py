"""The playground: both simulated CRMs side by side in a browser, on loopback, for a person who
tries the sync (docs/local.md#playground).

Law: never deployed. It edits as a person does, over the CRMs' own APIs; every explanation is the
answer of the operator's command.
"""

from local.playground.playground import Playground

__all__ = ["Playground"]

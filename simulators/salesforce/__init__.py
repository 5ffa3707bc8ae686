"""A Salesforce org on loopback: stateful, faithful enough that simple-salesforce works against it
unchanged.

What may live here: the platform's behaviour as its documents and recorded samples tell it. What may
not: anything about crmsync. State (`org`, `store`, `schema`) is apart from HTTP (`server`, `api`
and the ``*_api`` modules). Trust tags as in the platform notes: [V] run, [D] documented, [S] seen
in a sample, [M] general knowledge that a real org should confirm.
"""

from __future__ import annotations

from simulators.salesforce.simulator import API_VERSION, SalesforceSimulator

__all__ = ["API_VERSION", "SalesforceSimulator"]

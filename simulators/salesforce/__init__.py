"""A Salesforce org on loopback: stateful, and so faithful that simple-salesforce works against it
unchanged.

Law: the platform's behaviour as its documents and recorded samples show it, and nothing about
crmsync. State and rules (`org`, `objects`) are apart from HTTP (`http`, `resources`). Tags as in
docs/vendors.md: [V] run, [D] documented, [S] seen in a sample, [M] general knowledge that a real
org should confirm.
"""

from __future__ import annotations

from simulators.salesforce.simulator import API_VERSION, SalesforceSimulator

__all__ = ["API_VERSION", "SalesforceSimulator"]

"""What we use of simple-salesforce; every other module imports it from here.

The client imports its Metadata API at once, which imports zeep and lxml: twelve megabytes for SOAP,
and a quarter of a second of every cold start. We do not use the Metadata API. So it is replaced by
an unusable class before the client is imported, and the layer leaves these packages out (decision
36).
"""

from __future__ import annotations

import sys
from types import ModuleType


class _NoMetadataApi:
    """Replaces simple-salesforce's Metadata API."""

    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError("crmsync's layer is built without Salesforce's Metadata API.")


def _without_metadata_api() -> None:
    module = ModuleType("simple_salesforce.metadata", _NoMetadataApi.__doc__)
    vars(module)["SfdcMetadataApi"] = _NoMetadataApi
    sys.modules.setdefault(module.__name__, module)


_without_metadata_api()

from simple_salesforce.api import Salesforce  # noqa: E402, TID251 - the one import of the client, after the above
from simple_salesforce.exceptions import SalesforceError  # noqa: E402, TID251
from simple_salesforce.format import format_soql  # noqa: E402, TID251

__all__ = ["Salesforce", "SalesforceError", "format_soql"]

"""A HubSpot on loopback: stateful, faithful to the vendor's documents, and misbehaving on command.

`HubSpotSimulator` is the whole interface; the official client works against its `wsgi` unchanged.
It follows HubSpot's documents, never the product's code.
"""

from simulators.hubspot.errors import ApiError
from simulators.hubspot.people import UnknownActionError
from simulators.hubspot.portal import Portal
from simulators.hubspot.simulator import HubSpotSimulator
from simulators.hubspot.webhooks import Delivery, signature_v3

__all__ = [
    "ApiError",
    "Delivery",
    "HubSpotSimulator",
    "Portal",
    "UnknownActionError",
    "signature_v3",
]

"""A HubSpot on loopback: stateful, faithful to the vendor's documents, and misbehaving on command.

`HubSpotSimulator` is the whole interface; the official client works against its `wsgi` unchanged. It follows
HubSpot's documents, never the product's code, and imports nothing of it.
"""

from local.simulators.hubspot.errors import ApiError
from local.simulators.hubspot.people import UnknownActionError
from local.simulators.hubspot.portal import Portal
from local.simulators.hubspot.simulator import HubSpotSimulator
from local.simulators.hubspot.webhooks import Delivery, signature_v3

__all__ = ["ApiError", "Delivery", "HubSpotSimulator", "Portal", "UnknownActionError", "signature_v3"]

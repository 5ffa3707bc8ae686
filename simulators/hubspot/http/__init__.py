"""From a WSGI request to an endpoint and back.

Law: nothing about HubSpot's data; the endpoints are in `simulators.hubspot.api`.
"""

"""From a WSGI request to a resource and back: sessions, routes and the OAuth endpoint.

Law: nothing about the org's data; the resources are in `simulators.salesforce.resources`.
"""

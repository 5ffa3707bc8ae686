"""The endpoints, one module per API: each function reads a `Call`, asks the portal, and returns an
`Answer`.

Law: only the shapes of requests and answers; the rules of HubSpot's data are elsewhere.
"""

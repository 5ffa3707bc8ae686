"""The endpoints, one module per API: each function reads a `Call`, asks the portal, and gives an
`Answer`.

No rules of HubSpot's data live here, only the shapes of requests and answers.
"""

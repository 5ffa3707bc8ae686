"""The REST resources, one module per API: each function reads a `Call`, asks the org, and returns a
`Reply`.

Law: only the shapes of requests and replies; the rules are in `simulators.salesforce.org`.
"""

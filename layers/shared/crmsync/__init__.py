"""crmsync: HubSpot and Salesforce kept in step, both ways.

The rooms, from the bottom up: `model` (nouns), `rules` (what is true), `plans` (decisions) and
`wire` (outside formats) are pure; `ports` says what the flows need of the outside; `flows` gather,
plan and apply; `gateways` do the I/O; `wiring` joins them. A room imports only rooms below it.
"""

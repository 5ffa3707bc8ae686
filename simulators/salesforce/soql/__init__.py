"""SOQL: `parser` turns text into a `tree`, `engine` answers it from the store.

Law: as much of the language as a synchronisation needs; the rest is refused as malformed, never
answered wrongly.
"""

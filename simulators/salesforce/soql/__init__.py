"""SOQL: `parser` turns text into a `tree`, `engine` answers it from the store.

Enough of the language for synchronisation; the rest is refused as malformed, never answered
wrongly.
"""

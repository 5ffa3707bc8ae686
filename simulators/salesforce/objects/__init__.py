"""Which sObjects and fields an org has: the standard ones as tables, and what is added to them.

Law: definitions only; no records.
"""

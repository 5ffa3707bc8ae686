"""Which object types, association types and properties a portal has.

Law: definitions only; no records.
"""

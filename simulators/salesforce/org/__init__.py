"""The org and its records: what is stored, what a save checks and changes, and which events follow.

Law: the platform's rules; no HTTP.
"""

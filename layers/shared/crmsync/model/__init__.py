"""Frozen values: records, links, changes, plans, effects, settings. Nothing here decides or does
I/O.
"""

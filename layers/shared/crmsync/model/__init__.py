"""The nouns: records, links, changes, plans, effects, settings. Frozen values only; nothing here
decides or does I/O.
"""

"""Outside formats and the model, both ways: webhook bodies, change events, settings documents,
queue messages. No I/O.
"""

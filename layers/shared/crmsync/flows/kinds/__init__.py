"""One flow per kind of record, and what only that kind needs to gather."""

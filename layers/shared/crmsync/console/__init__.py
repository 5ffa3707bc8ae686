"""The console: the sync-health pages for a browser.

Law: a page shows what a flow reports and has actions done by flows; it decides nothing about the
sync. No I/O but what it is given, no JavaScript, nothing loaded from elsewhere.
"""

"""One module per page: what it shows as values, and its actions. Its template has its name.

Law: views are made of reports alone; the clock, the tables and the queues stand behind the flows.
"""

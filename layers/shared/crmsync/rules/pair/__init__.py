"""What becomes of a pair of records: matching, creation, merging into a plan, and what follows a
merge or deletion.
"""

"""What the flows ask of the outside, in the flows' own words.

Each Protocol here has two implementations, a gateway and a memory version for tests, and one
contract suite that both pass. Batch first: every call takes many records, answers row by row, and
one bad row never spoils the others.
"""

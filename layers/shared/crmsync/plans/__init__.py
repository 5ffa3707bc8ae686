"""Planning: facts in, plan out, one module per concern. Plans do not import each other and do no
I/O.
"""

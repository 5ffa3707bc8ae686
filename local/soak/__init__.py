"""``make soak``: long stories on the laptop stack, at a size of one's choice, that say what they
measured.

Law: development only. A story is a module with ``add_options`` and ``play``; the table of them
stands in ``__main__``. No test times anything here: figures are printed for a person to judge.
"""

"""``make soak``: long stories on the laptop stack, at a size of your choice, which print what they
measured.

Law: development only. A story is a module with ``add_options`` and ``play``; ``__main__`` has the
table of them. No test checks a time here: figures are printed for a person to judge.
"""

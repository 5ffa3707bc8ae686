"""Commands that act on a running deployment: jobs, errors, links and the like.

Each module is named after the first word of its commands.
"""

"""Commands that only read: a module for each, named after its first word."""

"""Compares both CRMs and the links, and has what is not in step repaired."""

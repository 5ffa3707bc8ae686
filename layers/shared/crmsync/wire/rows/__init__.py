"""Rows of the table as text, and back."""

"""Putting overwritten values back, batch by batch."""

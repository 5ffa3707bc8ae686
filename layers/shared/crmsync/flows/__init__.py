"""Gather, plan, apply, batch by batch. Flows speak to the outside only through the ports."""

"""How changes come in: pushes, sweeps, and the queue that the sync reads."""

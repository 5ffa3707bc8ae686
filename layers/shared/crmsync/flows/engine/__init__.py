"""What every kind of sync shares: load a batch, plan it, apply the plans, record the results."""

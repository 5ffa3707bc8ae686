"""What an operator's settings may say, and what both CRMs must have before a sync can run."""

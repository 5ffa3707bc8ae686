"""What the operator's command does, one module per subject."""

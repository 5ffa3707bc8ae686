"""What must hold at the end of every history, worked out from what people did."""

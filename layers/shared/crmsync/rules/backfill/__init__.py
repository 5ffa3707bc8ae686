"""What an import or resync walks through, how fast, and at what cost."""

"""What one kind of record needs beyond records and links. Values only."""

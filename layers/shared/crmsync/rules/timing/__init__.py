"""When each side is read, and when what waits is tried again."""

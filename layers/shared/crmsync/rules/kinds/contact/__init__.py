"""Rules of contacts and leads."""

"""Rules of companies and accounts."""

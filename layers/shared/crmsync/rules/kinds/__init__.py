"""What is particular to contacts, accounts, opportunities and activities."""

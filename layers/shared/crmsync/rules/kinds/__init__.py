"""What is particular to contacts, accounts and opportunities."""

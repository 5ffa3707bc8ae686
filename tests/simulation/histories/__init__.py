"""What a history is made of, how a seed makes one and a failing one gets small, and those that failed once."""

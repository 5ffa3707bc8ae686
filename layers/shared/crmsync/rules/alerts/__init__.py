"""What people are told of, when, and in which words."""

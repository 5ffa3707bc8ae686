"""What each error code means, whose task it is, and what crmsync does about it: one table."""

"""What operators look at: jobs, incidents, counts and calls. Values only."""

"""The webhook function under single requests and a burst; its start beside the shortest receiver."""

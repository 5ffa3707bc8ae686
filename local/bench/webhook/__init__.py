"""The webhook function under single requests and bursts; its start beside the shortest one."""

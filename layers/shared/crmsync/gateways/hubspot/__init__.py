"""One HubSpot account behind the ports."""

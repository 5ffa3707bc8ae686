"""What people do in the two CRMs."""

"""What is particular to activities: calls, e-mails, meetings, notes and tasks."""

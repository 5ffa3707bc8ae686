"""What an import or resync lists, how fast it queues records, and how many API calls that takes."""

"""Our own stores, as DynamoDB tables."""

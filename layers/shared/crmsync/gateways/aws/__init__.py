"""AWS services other than DynamoDB: queues, the bus, secrets, keys."""

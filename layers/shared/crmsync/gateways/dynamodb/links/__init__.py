"""Links in DynamoDB: their items, the keys that find them, and which are used."""

"""The error inbox in DynamoDB."""

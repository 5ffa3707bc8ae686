"""What DynamoDB does that moto does not: capacity, lost answers, transactions, faster reads.

Law: the API's answers only; nothing about crmsync's tables.
"""

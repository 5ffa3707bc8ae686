"""What Salesforce asks for beyond plain records: accounts, campaigns, opportunities and tasks."""

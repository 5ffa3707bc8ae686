"""From HubSpot's e-mail event log to Salesforce tasks."""

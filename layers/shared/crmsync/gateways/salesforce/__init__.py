"""One Salesforce org behind the ports."""

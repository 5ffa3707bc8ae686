"""From the members of HubSpot's lists to those of Salesforce's campaigns, and from these to what
contacts in HubSpot show.
"""

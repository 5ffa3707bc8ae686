"""What a lead or contact is called when HubSpot does not know (Salesforce requires a last name, and
a lead a company: Q-35).
"""

from __future__ import annotations

FROM_EMAIL_NAME = "email_name"
FROM_EMAIL_DOMAIN = "email_domain"


def last_name(email: str, fallback: str) -> str:
    """The name to use for a blank last name: the part before the @, a fixed text, or "" where the
    setting wants an error instead.
    """
    return email.partition("@")[0] if fallback == FROM_EMAIL_NAME else fallback


def company_name(email: str, fallback: str) -> str:
    """The name to use for a blank company: the address's domain, a fixed text, or "" where the
    setting wants an error instead.
    """
    return email.rpartition("@")[2] if fallback == FROM_EMAIL_DOMAIN else fallback

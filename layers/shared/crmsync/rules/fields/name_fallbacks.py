"""The name of a lead or contact where HubSpot has none: Salesforce requires a last name, and of a
lead a company (Q-35).
"""

from __future__ import annotations

FROM_EMAIL_NAME = "email_name"
FROM_EMAIL_DOMAIN = "email_domain"


def last_name(email: str, fallback: str) -> str:
    """The name for a blank last name: the part before the @, or a fixed text; "" where the setting
    wants an error instead.
    """
    return email.partition("@")[0] if fallback == FROM_EMAIL_NAME else fallback


def company_name(email: str, fallback: str) -> str:
    """The name for a blank company: the address's domain, or a fixed text; "" where the setting
    wants an error instead.
    """
    return email.rpartition("@")[2] if fallback == FROM_EMAIL_DOMAIN else fallback

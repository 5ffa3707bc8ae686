"""Which of HubSpot's standard choices goes with which of Salesforce's, where the default field maps
pair choices. Data only.

HubSpot's values are constants, Salesforce's are what people read. The lists are the vendors'
standard ones, of older and of newer orgs [M]. Salesforce's picklists take other values as well [M]:
a choice of HubSpot's that Salesforce does not list crosses under its label and comes back as
itself. A choice of Salesforce's that HubSpot does not have cannot cross; it is reported (CH-8) and
stays.
"""

from __future__ import annotations

from crmsync.model.fields import Choices

_COUNTERPARTS = {
    "FARMING": "Agriculture",
    "APPAREL_FASHION": "Apparel",
    "BANKING": "Banking",
    "BIOTECHNOLOGY": "Biotechnology",
    "CHEMICALS": "Chemicals",
    "MEDIA_PRODUCTION": "Media",
    "CONSTRUCTION": "Construction",
    "MANAGEMENT_CONSULTING": "Consulting",
    "EDUCATION_MANAGEMENT": "Education",
    "CONSUMER_ELECTRONICS": "Electronics",
    "OIL_ENERGY": "Energy",
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING": "Engineering",
    "ENTERTAINMENT": "Entertainment",
    "ENVIRONMENTAL_SERVICES": "Environmental",
    "FINANCIAL_SERVICES": "Finance",
    "FOOD_BEVERAGES": "Food & Beverage",
    "GOVERNMENT_ADMINISTRATION": "Government",
    "HOSPITAL_HEALTH_CARE": "Healthcare",
    "HOSPITALITY": "Hospitality",
    "INSURANCE": "Insurance",
    "MACHINERY": "Machinery",
    "ELECTRICAL_ELECTRONIC_MANUFACTURING": "Manufacturing",
    "NON_PROFIT_ORGANIZATION_MANAGEMENT": "Not For Profit",
    "PUBLIC_RELATIONS_AND_COMMUNICATIONS": "Communications",
    "RECREATIONAL_FACILITIES_AND_SERVICES": "Recreation",
    "RETAIL": "Retail",
    "PACKAGE_FREIGHT_DELIVERY": "Shipping",
    "INFORMATION_TECHNOLOGY_AND_SERVICES": "Technology",
    "TELECOMMUNICATIONS": "Telecommunications",
    "TRANSPORTATION_TRUCKING_RAILROAD": "Transportation",
    "UTILITIES": "Utilities",
}
"""HubSpot's industry -> Salesforce's. "Other" of Salesforce has no counterpart."""

_OTHERS = """
ACCOUNTING AIRLINES_AVIATION ALTERNATIVE_DISPUTE_RESOLUTION ALTERNATIVE_MEDICINE ANIMATION
ARCHITECTURE_PLANNING ARTS_AND_CRAFTS AUTOMOTIVE AVIATION_AEROSPACE BROADCAST_MEDIA
BUILDING_MATERIALS BUSINESS_SUPPLIES_AND_EQUIPMENT CAPITAL_MARKETS CIVIC_SOCIAL_ORGANIZATION
CIVIL_ENGINEERING COMMERCIAL_REAL_ESTATE COMPUTER_GAMES COMPUTER_HARDWARE COMPUTER_NETWORKING
COMPUTER_NETWORK_SECURITY COMPUTER_SOFTWARE CONSUMER_GOODS CONSUMER_SERVICES COSMETICS DAIRY
DEFENSE_SPACE DESIGN EVENTS_SERVICES EXECUTIVE_OFFICE E_LEARNING FACILITIES_SERVICES FINE_ART
FISHERY FOOD_PRODUCTION FUND_RAISING FURNITURE GAMBLING_CASINOS GLASS_CERAMICS_CONCRETE
GOVERNMENT_RELATIONS GRAPHIC_DESIGN HEALTH_WELLNESS_AND_FITNESS HIGHER_EDUCATION HUMAN_RESOURCES
IMPORT_AND_EXPORT INDIVIDUAL_FAMILY_SERVICES INDUSTRIAL_AUTOMATION INFORMATION_SERVICES
INTERNATIONAL_AFFAIRS INTERNATIONAL_TRADE_AND_DEVELOPMENT INTERNET INVESTMENT_BANKING
INVESTMENT_MANAGEMENT JUDICIARY LAW_ENFORCEMENT LAW_PRACTICE LEGAL_SERVICES LEGISLATIVE_OFFICE
LEISURE_TRAVEL_TOURISM LIBRARIES LOGISTICS_AND_SUPPLY_CHAIN LUXURY_GOODS_JEWELRY MARITIME
MARKETING_AND_ADVERTISING MARKET_RESEARCH MEDICAL_DEVICES MEDICAL_PRACTICE MENTAL_HEALTH_CARE
MILITARY MINING_METALS MOTION_PICTURES_AND_FILM MUSEUMS_AND_INSTITUTIONS MUSIC NANOTECHNOLOGY
NEWSPAPERS ONLINE_MEDIA OUTSOURCING_OFFSHORING PACKAGING_AND_CONTAINERS PAPER_FOREST_PRODUCTS
PERFORMING_ARTS PHARMACEUTICALS PHILANTHROPY PHOTOGRAPHY PLASTICS POLITICAL_ORGANIZATION
PRIMARY_SECONDARY_EDUCATION PRINTING PROFESSIONAL_TRAINING_COACHING PROGRAM_DEVELOPMENT
PUBLIC_POLICY PUBLIC_SAFETY PUBLISHING RAILROAD_MANUFACTURE RANCHING REAL_ESTATE
RELIGIOUS_INSTITUTIONS RENEWABLES_ENVIRONMENT RESEARCH RESTAURANTS SECURITY_AND_INVESTIGATIONS
SEMICONDUCTORS SHIPBUILDING SPORTING_GOODS SPORTS STAFFING_AND_RECRUITING SUPERMARKETS TEXTILES
THINK_TANKS TOBACCO TRANSLATION_AND_LOCALIZATION VENTURE_CAPITAL_PRIVATE_EQUITY VETERINARY
WAREHOUSING WHOLESALE WINE_AND_SPIRITS WIRELESS WRITING_AND_EDITING
"""
"""HubSpot's other industries."""

_SMALL = {"and", "or"}


def _label(value: str) -> str:
    """``Arts and Crafts`` for ``ARTS_AND_CRAFTS``."""
    words = value.lower().split("_")
    return " ".join(word if word in _SMALL else word.capitalize() for word in words)


INDUSTRIES: Choices = (
    *_COUNTERPARTS.items(),
    *((value, _label(value)) for value in _OTHERS.split()),
)
"""HubSpot's ``industry`` with ``Account.Industry``."""

ACCOUNT_TYPES: Choices = (
    ("PROSPECT", "Prospect"),
    ("PARTNER", "Partner"),
    ("PARTNER", "Technology Partner"),
    ("PARTNER", "Installation Partner"),
    ("RESELLER", "Channel Partner / Reseller"),
    ("RESELLER", "Reseller"),
    ("VENDOR", "Vendor"),
    *(
        ("OTHER", theirs)
        for theirs in (
            *(
                "Other",
                "Customer - Direct",
                "Customer - Channel",
                "Customer",
                "Analyst",
                "Competitor",
                "Integrator",
            ),
            *("Investor", "Press"),
        )
    ),
)
"""HubSpot's ``type`` with ``Account.Type``, the values of older and of newer orgs.

One value of HubSpot's stands for several of Salesforce's and becomes the first of them. They count
as equal, so none of them is overwritten by what it became in HubSpot.
"""

OPPORTUNITY_TYPES: Choices = (
    ("newbusiness", "New Customer"),
    ("newbusiness", "New Business"),
    ("existingbusiness", "Existing Customer - Upgrade"),
    ("existingbusiness", "Existing Customer - Replacement"),
    ("existingbusiness", "Existing Customer - Downgrade"),
    ("existingbusiness", "Existing Business"),
)
"""HubSpot's ``dealtype`` with ``Opportunity.Type``; here, too, HubSpot's value becomes the first of
several.
"""

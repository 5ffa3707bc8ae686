"""Settings files that tests start from, and the complaints about wrong ones."""

from __future__ import annotations

import pytest

from crmsync.config import ConfigError, load_settings

MINIMAL = """\
[[connection]]
name = "acme"
[connection.hubspot]
portal_id = 555001
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme.my.salesforce.com"
secret = "crmsync/acme/salesforce"
"""
"""Eight lines; a test's own lines begin on line 9."""

EVERYTHING = """\
[[connection]]                          # one HubSpot account and one Salesforce org
name = "acme"
[connection.hubspot]
portal_id = 555001
secret = "crmsync/acme/hubspot"
[connection.salesforce]
login_url = "https://acme--uat.sandbox.my.salesforce.com/"
secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:crmsync/acme/salesforce-AbCdEf"
daily_call_allotment = 20000
[connection.contacts]
sync = true
create_in_salesforce = "contact_if_account"
create_in_hubspot = "contacts_only"
inclusion_list = "77"
outside_inclusion_list = "sync"
delete_in_hubspot = true
company_fallback = "Private person"
last_name_fallback = ""
show_campaigns = true
max_deletes_per_hour = 10
max_changes_per_hour = 1000
max_blanks_per_hour = "auto"
on_refused_field = "block"
[[connection.contacts.field]]
hubspot = "favourite_colour"
salesforce = "Favourite_Colour__c"
update = "prefer_salesforce"
[[connection.contacts.field]]           # a default pair: only its policy changes
hubspot = "phone"
salesforce = "Phone"
update = "always_salesforce"
[connection.companies]
sync = true
auto_create_and_associate = false
match_by_domain = true
remove_associations = true
delete_in_hubspot = true
max_deletes_per_hour = 20
max_changes_per_hour = 0
on_refused_field = "block"
[[connection.companies.field]]
hubspot = "rating"
salesforce = "Rating__c"
[connection.deals]
sync = true
pipelines = ["Partners", "Renewals"]
close_date_fallback = ""
match_hubspot = "order_number"
match_salesforce = "Order_Number__c"
total_revenue_basis = "won"
remove_associations = true
delete_in_hubspot = false
hold_deletes_hours = 48
max_deletes_per_hour = 30
max_blanks_per_hour = 50
on_refused_field = "block"
[[connection.deals.field]]
hubspot = "next_step"
salesforce = "Next_Step__c"
update = "fill_blank"
[connection.lifecycle]
automatic_transitions = false
sync_to_company_contacts = false
[connection.email_tasks]
kinds = ["OPEN", "CLICK", "BOUNCE"]
repeat = "once_per_day"
[connection.undo]
hours = 72
[connection.owners]                     # for owners with different addresses
"ada@example.com" = "a.lang@example.com"
"ben@example.com" = "005000000000001AAA"
"""
"""Every key of the settings, each with another value than its default."""


def complaints(text: str) -> list[str]:
    """Return the complaints about a file, which must be refused."""
    with pytest.raises(ConfigError) as refused:
        load_settings(text)
    assert str(refused.value) == "\n".join(map(str, refused.value.complaints))
    return [str(complaint) for complaint in refused.value.complaints]

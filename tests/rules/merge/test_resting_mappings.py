"""What is read while mappings rest, and which fields count as lacking."""

from crmsync.model.operations.troubles import Rest
from crmsync.model.records import Side
from crmsync.rules.merge.resting_mappings import lost, without
from tests.builders import a_ruleset, at

RULESET = a_ruleset()
IN_SALESFORCE = Rest(Side.SALESFORCE, "Lead", "Phone", at())
IN_HUBSPOT = Rest(Side.HUBSPOT, "contact", "phone", at(9))


def names_of(side: Side, name: str, *rests: Rest) -> set[str]:
    """The fields of an object that are read while these mappings rest, noted one after the other."""
    ruleset = RULESET
    for rest in rests:
        ruleset = without(ruleset, [rest])
    return set(ruleset.fields(side)[name])


def test_hubspots_property_is_read_as_long_as_hubspot_has_it() -> None:
    """The field that Salesforce lacks is not read, and what HubSpot lacks as well is not either."""
    assert "Phone" not in names_of(Side.SALESFORCE, "Lead", IN_SALESFORCE)
    assert "phone" in names_of(Side.HUBSPOT, "contact", IN_SALESFORCE)
    assert "phone" not in names_of(Side.HUBSPOT, "contact", IN_SALESFORCE, IN_HUBSPOT)


def test_mappings_that_come_to_rest_later_join_those_that_rest_already() -> None:
    """Both rest then, and neither is among those that sync."""
    fax = Rest(Side.SALESFORCE, "Lead", "Fax", at(9))
    mapping = without(without(RULESET, [IN_SALESFORCE]), [fax]).mappings["Lead"]
    assert {rule.hubspot for rule in mapping.resting} == {"phone", "fax"}
    assert not {"phone", "fax"} & {rule.hubspot for rule in mapping.field_map}


def test_a_property_of_a_mapping_that_rests_already_is_not_needed() -> None:
    """Where HubSpot loses the property of a mapping that rests on account of every Salesforce
    object, records of the kind do not wait for it.
    """
    contacts = Rest(Side.SALESFORCE, "Contact", "Phone", at())
    ruleset = without(RULESET, [IN_SALESFORCE, contacts])
    there = {name.lower() for name in ruleset.fields(Side.HUBSPOT)["contact"]} - {"phone"}
    assert lost(ruleset, Side.HUBSPOT, {"contact": there}, at(9)) == [IN_HUBSPOT]

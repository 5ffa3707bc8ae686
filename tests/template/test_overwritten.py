"""No function can read what is kept of overwritten values, and it exists only if the stack's owner
wants it.
"""

from __future__ import annotations

import json

from tests.template.document import as_list, target, template_of_the_repository

TEMPLATE = template_of_the_repository()
PEOPLE = ("OperatorReadPolicy", "OperatorWritePolicy")
PARTS = ("OverwrittenTable", "OverwrittenKey", "KeepOverwrittenPolicy")


def test_functions_keep_and_never_read() -> None:
    """Of the table and the key functions may only write items and create data keys; the key denies
    each function more.
    """
    granted: dict[str, set[str]] = {}
    for owner, statement in TEMPLATE.statements():
        if owner in PEOPLE:
            continue
        for resource in as_list(statement.get("Resource", "*")):
            if target(resource) in PARTS and statement["Effect"] == "Allow":
                granted.setdefault(target(resource), set()).update(as_list(statement["Action"]))
    assert granted == {
        "OverwrittenTable": {"dynamodb:PutItem"},
        "OverwrittenKey": {"kms:GenerateDataKey"},
    }

    roles = {
        target(role) for role in TEMPLATE.deployed["KeepOverwrittenPolicy"]["Properties"]["Roles"]
    }
    own = TEMPLATE.deployed["OverwrittenKey"]["Properties"]["KeyPolicy"]["Statement"]
    (denied,) = [one for one in own if one["Effect"] == "Deny"]
    assert {target(role) for role in denied["Principal"]["AWS"]} == roles
    assert denied["Action"] == "kms:Decrypt"
    with_table = {
        name
        for name, one in TEMPLATE.functions.items()
        if "OVERWRITTEN_TABLE" in one["Environment"]["Variables"]
    }
    assert roles == {f"{name}Role" for name in with_table}


def test_nothing_is_there_unless_the_owner_wants_it() -> None:
    """All of it depends on one condition, which is false by default."""
    assert {TEMPLATE.deployed[name].get("Condition") for name in PARTS} == {"KeepsOverwritten"}
    assert TEMPLATE.body["Conditions"]["KeepsOverwritten"] == {
        "Fn::Equals": [{"Ref": "KeepOverwritten"}, "yes"]
    }
    assert TEMPLATE.body["Parameters"]["KeepOverwritten"]["Default"] == "no"
    elsewhere = {name: one for name, one in TEMPLATE.deployed.items() if name not in PARTS}
    named = json.dumps(elsewhere)
    assert named.count("OverwrittenTable") + named.count("OverwrittenKey") == named.count(
        '["KeepsOverwritten", {'
    )

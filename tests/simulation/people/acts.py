"""What a step may say that a person does, by name, each with the message that it causes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.simulation.histories.steps import Person
from tests.simulation.people.any_record import delete, edit, give, merge, undelete
from tests.simulation.people.companies import join_company, leave_company, new_company
from tests.simulation.people.deals import move, new_deal, tie, untie
from tests.simulation.people.fields import COMPANY_FIELDS, DEAL_FIELDS, PERSON_FIELDS
from tests.simulation.people.persons import (
    convert,
    give_to_queue,
    join_list,
    leave_list,
    new_address,
    new_person,
    open_mail,
    opt_out,
    untick,
)
from tests.simulation.world.system import System

Act = Callable[[System, Person], bool]

ACTS: Mapping[str, Act] = {
    "new person": new_person,
    "edit person": edit("person", PERSON_FIELDS),
    "new address": new_address,
    "opt out": opt_out,
    "untick": untick,
    "give person": give("person"),
    "give company": give("company"),
    "give deal": give("deal"),
    "give lead to queue": give_to_queue,
    "delete person": delete("person"),
    "undelete": undelete,
    "merge people": merge("person"),
    "convert": convert,
    "new company": new_company,
    "edit company": edit("company", COMPANY_FIELDS),
    "join company": join_company,
    "leave company": leave_company,
    "delete company": delete("company"),
    "merge companies": merge("company"),
    "new deal": new_deal,
    "edit deal": edit("deal", DEAL_FIELDS),
    "move deal": move,
    "tie": tie,
    "untie": untie,
    "delete deal": delete("deal"),
    "join list": join_list,
    "leave list": leave_list,
    "open mail": open_mail,
}
"""What a step may say that a person does; each answers whether there was anything to do."""


def _queue_of(name: str) -> str:
    words = {"compan": "account", "deal": "opportunity", "tie": "opportunity", "mail": "email"}
    return next((queue for word, queue in words.items() if word in name), "contact")


QUEUE_OF = {name: _queue_of(name) for name in ACTS}
"""The queue that an act's message arrives in."""

"""Activities about contacts outside the inclusion list: nobody of them is added or taken away on
either side (INC-7, Q-22).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from itertools import chain, combinations, islice

from crmsync.model.crm_names import LEAD, SALESFORCE_CONTACT, WHO_ID
from crmsync.model.kinds.activities import CONTACT_LISTS
from crmsync.model.records import Record, Ref, Side
from crmsync.rules.kinds.activity.about import Compared, about_of, named_in_salesforce, records_in
from crmsync.rules.kinds.activity.relations import about_in_salesforce
from crmsync.rules.kinds.activity.ruleset import (
    CONTACTS,
    WHAT,
    WHO,
    listed,
    most_contacts,
    with_about,
)
from crmsync.rules.merge.resting_mappings import without_rows
from crmsync.rules.merge.ruleset import Ruleset

OTHERS_REST = "contacts outside the inclusion list are neither added nor taken away on either side"

PEOPLE_REST = "whom it is about stays as it is while a contact is outside the inclusion list"
"""What an operator reads about a pair beside which such contacts are."""

_MOST_TRIED = 256
"""How many guesses are made of whom both sides had agreed on: all there are for eight contacts."""


def people_rest(
    activity: Record,
    task: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    frozen: Mapping[Ref, Ref],
    *,
    is_news: Callable[[Record], bool],
) -> bool:
    """Whether whom a pair is about stays as it is as a whole, as the one person of the task or
    event could not be compared without somebody who is frozen: it is that person itself, or the
    one that HubSpot shows, either as both sides had agreed or as there is nobody else.

    Args:
        activity: The HubSpot activity.
        task: Its task or event.
        associated: The contacts, companies and deals of the activity.
        across: Record -> its counterpart, without those that are frozen.
        frozen: The same for contacts outside the inclusion list.
        is_news: Whether the activity shows in `WHO` what was not agreed on.
    """
    present = about_of(task)
    if present.who in frozen:
        return True
    whole = about_in_salesforce(associated, {**across, **frozen}, present)
    if whole.who not in frozen:
        return False
    has_others = about_in_salesforce(associated, across, present).who is not None
    return not has_others or not is_news(with_about(activity, whole, 0))


def without_people(ruleset: Ruleset, who: Ref | None) -> Ruleset:
    """The ruleset for a pair whose people rest; what was agreed on about them is kept. Beside a
    lead the record rests as well, as Salesforce takes none there.
    """
    beside = {WHAT} if who is not None and who.object == LEAD else set[str]()
    return without_rows(ruleset, {WHO, CONTACTS} | beside)


def with_resting(
    compared: Compared,
    associated: Collection[Ref],
    frozen: Mapping[Ref, Ref],
    *,
    is_agreed: Callable[[Record], bool],
) -> Compared:
    """The two records as they compare in an org with Shared Activities: contacts outside the
    inclusion list are in both lists of contacts if both sides show them, or if one does and both
    had agreed on them. So the other contacts compare as they were agreed on, and one of these who
    was taken away meanwhile is news once they join.

    A base does not tell who was agreed on. But they, and no others, complete the list of a side
    that shows no other news. Where both lists have other news, whom one side alone shows counts as
    added.

    Args:
        compared: The two records.
        associated: The contacts, companies and deals of the activity.
        frozen: Record -> its counterpart, for contacts outside the inclusion list.
        is_agreed: Whether a record shows in its list of contacts what was agreed on.
    """
    mine = {frozen[one] for one in associated if one in frozen}
    here = {one for one in mine if one.object == SALESFORCE_CONTACT}
    there = {one for one in compared.kept if one in frozen}
    alone = sorted(here ^ there)
    some = chain.from_iterable(combinations(alone, size) for size in range(len(alone) + 1))
    guesses = (_listing(compared, here & there | set(one)) for one in islice(some, _MOST_TRIED))
    agreed = (one for one in guesses if is_agreed(one.activity) or is_agreed(one.task))
    return next(agreed, _listing(compared, here & there))


def _listing(compared: Compared, resting: Collection[Ref]) -> Compared:
    """The two records with these contacts in both lists."""

    def listing(record: Record, name: str) -> Record:
        both = {*records_in(record.fields.get(name)), *resting}
        return replace(record, fields={**record.fields, name: listed(both)})

    return replace(
        compared,
        activity=listing(compared.activity, CONTACTS),
        task=listing(compared.task, CONTACT_LISTS[compared.task.ref.object]),
        resting=frozenset(resting),
    )


def is_about_frozen_alone(
    named: Collection[Ref], across: Mapping[Ref, Ref], frozen: Mapping[Ref, Ref]
) -> bool:
    """Whether all that is linked of what two records are about is contacts outside the list."""
    return any(one in frozen for one in named) and not any(one in across for one in named)


def without_frozen(
    record: Record,
    associated: Collection[Ref],
    across: Mapping[Ref, Ref],
    frozen: Mapping[Ref, Ref],
    ruleset: Ruleset,
) -> Record:
    """A record as if it were not about contacts outside the list: so it makes its counterpart, and
    what it shows besides is news once they join. The arguments are those of `people_rest`.
    """
    if record.ref.side is Side.HUBSPOT:
        about = about_in_salesforce(associated, across)
        return with_about(record, about, most_contacts(ruleset.connection))
    name = CONTACT_LISTS[record.ref.object]
    fields = dict(record.fields)
    if named_in_salesforce(fields.get(WHO_ID)) in frozen:
        fields[WHO_ID] = None
    if name in fields:
        fields[name] = listed(one for one in records_in(fields[name]) if one not in frozen)
    return replace(record, fields=fields)

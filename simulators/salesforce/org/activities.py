"""What the org works out and checks when a task or an event is saved: who and what it is about,
whether it is closed, how long it lasts, and its relation rows.

Facts: docs/vendors.md#salesforce-activities. Texts of refusals are [M] unless tagged.
"""

from __future__ import annotations

from typing import Any, Final

from simulators.salesforce.objects.fields import Row
from simulators.salesforce.org.org import Org
from simulators.salesforce.org.stamps import stamped
from simulators.salesforce.org.transaction import Transaction
from simulators.salesforce.refusals import RefusalError, bad_json
from simulators.salesforce.times import DAY, SECOND, day_of, day_start, read_datetime

ACTIVITIES: Final = ("Task", "Event")
_MINUTE: Final = 60 * SECOND
_DAY_MINUTES: Final = DAY // _MINUTE
_LONGEST: Final = 14 * _DAY_MINUTES
"""Minutes of the longest event [D]."""
_CONTACTS: Final = 50
"""How many contacts an activity may have [D]."""
_YEAR: Final = 365 * DAY
_LEAD, _CONTACT, _ACCOUNT, _OPPORTUNITY = "00Q", "003", "001", "006"
_PEOPLE: Final = (_LEAD, _CONTACT)


def task(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """Complete a task that is about to be saved. Raises `RefusalError`."""
    _people(org, before, row)
    _about(org, row)
    if row.get("IsRecurrence") and row.get("ActivityDate") is not None:
        raise _wrong("Due Date Only: a recurring task has no due date of its own", "ActivityDate")
    row["IsClosed"] = _means(org, "TaskStatus", row.get("Status"), "IsClosed")
    row["IsHighPriority"] = _means(org, "TaskPriority", row.get("Priority"), "IsHighPriority")
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif before is None or not before.get("IsClosed"):
        row["CompletedDateTime"] = transaction.now_ms


def event(org: Org, _transaction: Transaction, before: Row | None, row: Row) -> None:
    """Complete an event that is about to be saved. Raises `RefusalError`."""
    _people(org, before, row)
    _about(org, row)
    start = _start(before or {}, row)
    minutes = _minutes(before or {}, row, start)
    if not 0 <= minutes <= _LONGEST:
        raise _wrong("Duration: an event lasts from 0 minutes to 14 days", "DurationInMinutes")
    end = start + minutes * _MINUTE
    if row.get("IsAllDayEvent"):
        # The end of an all-day event is the beginning of its last day [M].
        end = max(start, end - DAY)
    row["StartDateTime"], row["EndDateTime"], row["DurationInMinutes"] = start, end, minutes
    row["ActivityDateTime"] = None if row.get("IsAllDayEvent") else start
    row["ActivityDate"], row["EndDate"] = day_of(start), day_of(end)


def relate(org: Org, transaction: Transaction, _before: Row | None, row: Row) -> None:
    """Keep the relation rows of an activity in step with its people and its record, in an org with
    Shared Activities [D].
    """
    if not org.shared_activities:
        return
    kind = _kind(row)
    what = row.get("WhatId")
    wanted = [*(row.get(f"{kind}WhoIds") or ()), *([what] if what else [])]
    there = _relations(org, kind, row["Id"])
    for relation in there:
        if relation["RelationId"] not in wanted:
            transaction.remove(f"{kind}Relation", relation["Id"])
    known = {relation["RelationId"] for relation in there}
    for one in wanted:
        if one not in known:
            _add(org, transaction, kind, row, one)


def relation(org: Org, _transaction: Transaction, before: Row | None, row: Row) -> None:
    """Check a new relation row: one lead or up to 50 contacts, and one other record [D]. Raises
    `RefusalError`.
    """
    kind = "Task" if "TaskId" in row else "Event"
    others = [
        one
        for one in _relations(org, kind, row.get(f"{kind}Id") or "")
        if before is None or one["Id"] != before["Id"]
    ]
    wanted = str(row.get("RelationId") or "")
    row["IsWhat"] = wanted[:3] not in _PEOPLE
    known = [one["RelationId"] for one in others]
    people = [one for one in (*known, wanted) if one[:3] in _PEOPLE]
    records = [one for one in (*known, wanted) if one and one[:3] not in _PEOPLE]
    has_lead = any(one.startswith(_LEAD) for one in people)
    if wanted in known:
        raise RefusalError("DUPLICATE_VALUE", "duplicate value found: RelationId", [])
    if len(records) > 1 or len(people) > (1 if has_lead else _CONTACTS) or (has_lead and records):
        raise _wrong("Relation ID: the activity cannot be related to this record", "RelationId")


def related(org: Org, transaction: Transaction, before: Row | None, row: Row) -> None:
    """The first person and the record of an activity are its own as well [D]. A further person does
    not count as a change of the activity [M].
    """
    kind = "Task" if "TaskId" in row else "Event"
    parent = org.store.live(kind, row[f"{kind}Id"])
    if before is not None or parent is None:
        return
    if not row["IsWhat"]:
        people = [*(parent.get(f"{kind}WhoIds") or ()), row["RelationId"]]
        parent = parent | {f"{kind}WhoIds": people}
        transaction.put(kind, parent["Id"], parent)
    name = "WhatId" if row["IsWhat"] else "WhoId"
    if parent.get(name) is None:
        transaction.put(
            kind, parent["Id"], stamped(transaction, parent, parent | {name: row["RelationId"]})
        )


def unrelated(org: Org, transaction: Transaction, before: Row) -> None:
    """Without its own person an activity takes the next of its contacts [M], without its record
    none.
    """
    kind = "Task" if "TaskId" in before else "Event"
    parent = org.store.live(kind, before[f"{kind}Id"])
    name = "WhatId" if before["IsWhat"] else "WhoId"
    if parent is None:
        return
    rest: list[str] = []
    if not before["IsWhat"]:
        people = parent.get(f"{kind}WhoIds") or ()
        rest = [one for one in people if one != before["RelationId"]]
        parent = parent | {f"{kind}WhoIds": rest or None}
        transaction.put(kind, parent["Id"], parent)
    if parent.get(name) == before["RelationId"]:
        value = rest[0] if rest else None
        transaction.put(kind, parent["Id"], stamped(transaction, parent, parent | {name: value}))


def person_gone(org: Org, transaction: Transaction, before: Row) -> None:
    """A deleted person leaves the activities in which it is a further one [M]; they do not count as
    changed, and a restored one does not come back [M].
    """
    if not org.shared_activities:
        return
    for kind in ACTIVITIES:
        for one in list(org.store.tables[f"{kind}Relation"].matching("RelationId", [before["Id"]])):
            if org.store.live(kind, one[f"{kind}Id"]) is not None:
                transaction.remove(f"{kind}Relation", one["Id"])
                unrelated(org, transaction, one)


def follow_conversion(
    org: Org, transaction: Transaction, lead_id: str, contact_id: str, what_id: str
) -> None:
    """Attach all activities of a converted lead to the contact, and to the opportunity, or to the
    account if there is none [D; M: the account]. Their last change is now [D].
    """
    for kind in ACTIVITIES:
        for row in org.store.tables[kind].matching("WhoId", [lead_id]):
            new = row | {"WhoId": contact_id, "WhatId": what_id}
            if org.shared_activities:
                new |= {f"{kind}WhoIds": [contact_id]}
            _about(org, new)
            new = stamped(transaction, row, new)
            transaction.put(kind, row["Id"], new)
            relate(org, transaction, row, new)


def archive(org: Org, transaction: Transaction) -> list[str]:
    """Archive closed tasks and past events that are older than a year, as the org does in the
    background [D]; their stamps stay [M]. Return their ids.
    """
    limit = day_of(transaction.now_ms - _YEAR)
    gone = []
    for kind in ACTIVITIES:
        for row in list(org.store.tables[kind]):
            day = row.get("ActivityDate") or day_of(row["CreatedDate"])
            is_over = kind == "Event" or row.get("IsClosed")
            if is_over and day <= limit and not row.get("IsDeleted") and not row.get("IsArchived"):
                transaction.put(kind, row["Id"], row | {"IsArchived": True})
                gone.append(row["Id"])
    return gone


def _people(org: Org, before: Row | None, row: Row) -> None:
    """The person of an activity and the list of all its people agree, with Shared Activities.

    A person who is not in the list is added to it as the first; without one, the first of the list
    is the activity's own; a list that is emptied keeps the person [D]. A new person alone takes the
    place of the former one [M]; without a new one it is another of the list [D]. Raises
    `RefusalError`.
    """
    if not org.shared_activities:
        return
    name = f"{_kind(row)}WhoIds"
    had, former = list((before or {}).get(name) or ()), (before or {}).get("WhoId")
    who, people = row.get("WhoId"), _given_people(org, name, row.get(name))
    if people == had:
        if who is None:
            people = [one for one in had if one != former]
        elif who != former:
            people = [who, *(one for one in had if one not in {who, former})]
    elif who is not None and who not in people and (who != former or not people):
        people = [who, *people]
    if who not in people:
        who = people[0] if people else None
    row["WhoId"], row[name] = who, people or None
    if len(people) > (1 if any(one.startswith(_LEAD) for one in people) else _CONTACTS):
        raise _wrong("Name: one lead or up to 50 contacts", name)


def _given_people(org: Org, name: str, value: Any) -> list[str]:
    """Raises `RefusalError` for what is no list of live people."""
    if value is not None and not isinstance(value, list):
        raise bad_json(f"Cannot deserialize instance of {name} from {value!r}")
    known: list[str] = []
    for one in value or ():
        found = next(
            (row for kind in ("Contact", "Lead") if (row := org.store.live(kind, str(one)))), None
        )
        if found is None:
            raise RefusalError(
                "INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {one}", [name]
            )
        known.append(found["Id"])
    return list(dict.fromkeys(known))


def _about(org: Org, row: Row) -> None:
    """An activity of a lead has no other record [D]; the account follows from who and what [D]."""
    who, what = row.get("WhoId"), row.get("WhatId")
    if who is not None and what is not None and who.startswith(_LEAD):
        raise _wrong(
            "Related To ID: an activity of a lead cannot be related to another record", "WhatId"
        )
    opportunity = org.store.get("Opportunity", what) if what and what[:3] == _OPPORTUNITY else None
    contact = org.store.get("Contact", who) if who and who[:3] == _CONTACT else None
    row["AccountId"] = (
        what if what and what[:3] == _ACCOUNT else (opportunity or contact or {}).get("AccountId")
    )


def _start(before: Row, row: Row) -> int:
    """When an event begins: `StartDateTime` and `ActivityDateTime` are equal, or one is null; that
    of an all-day event may be a day [D].
    """
    given = [
        row[name]
        for name in ("StartDateTime", "ActivityDateTime")
        if row.get(name) is not None and row.get(name) != before.get(name)
    ]
    if len(set(given)) > 1:
        raise _wrong("Start Date Time: differs from Due Date Time", "StartDateTime")
    day = row.get("ActivityDate")
    start = given[0] if given else before.get("StartDateTime")
    if row.get("IsAllDayEvent"):
        moved = not given and day is not None and day != before.get("ActivityDate")
        if start is None or moved:
            if day is None:
                raise _missing("ActivityDate")
            start = read_datetime(f"{day}T00:00:00Z")
        return day_start(start)
    if start is None:
        raise _missing("ActivityDateTime")
    return int(start)


def _minutes(before: Row, row: Row, start: int) -> int:
    """How long an event lasts: its length or its end is given, or both if they agree [D]; a new
    start alone keeps the length [M].
    """
    length, end = row.get("DurationInMinutes"), row.get("EndDateTime")
    all_day = bool(row.get("IsAllDayEvent"))
    if not before:
        by_end = None if end is None else _between(start, end, all_day=all_day)
    else:
        by_end = None
        if end is not None and end != before.get("EndDateTime"):
            by_end = _between(start, end, all_day=all_day)
            length = None if length == before.get("DurationInMinutes") else length
    if length is not None and by_end is not None and length != by_end:
        raise _wrong("Duration: differs from start and end", "DurationInMinutes")
    found = by_end if length is None else length
    if found is None:
        if not all_day:
            raise _missing("DurationInMinutes")
        found = _DAY_MINUTES
    return int(found)


def _between(start: int, end: int, *, all_day: bool) -> int:
    return (end - start) // _MINUTE + (_DAY_MINUTES if all_day else 0)


def _means(org: Org, setting: str, value: Any, mark: str) -> bool:
    return any(row["ApiName"] == value and row[mark] for row in org.store.tables[setting])


def _kind(row: Row) -> str:
    return "Event" if str(row["Id"]).startswith("00U") else "Task"


def _relations(org: Org, kind: str, record_id: str) -> list[Row]:
    rows = org.store.tables[f"{kind}Relation"].matching(f"{kind}Id", [record_id])
    return [row for row in rows if not row.get("IsDeleted")]


def _add(org: Org, transaction: Transaction, kind: str, row: Row, related_id: str) -> None:
    sobject = org.schema.objects[f"{kind}Relation".lower()]
    new = {
        "Id": org.ids.make(sobject.prefix),
        "IsDeleted": False,
        "RelationId": related_id,
        f"{kind}Id": row["Id"],
        "IsWhat": related_id[:3] not in _PEOPLE,
    }
    if kind == "Event":
        new["IsParent"] = True
    transaction.put(sobject.name, new["Id"], stamped(transaction, None, new))


def _wrong(message: str, *fields: str) -> RefusalError:
    return RefusalError("FIELD_INTEGRITY_EXCEPTION", message, list(fields))


def _missing(name: str) -> RefusalError:
    """[S: code and text for a missing start]."""
    return RefusalError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", [name])

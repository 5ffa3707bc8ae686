"""Reports for the error inbox about records that do not sync: what is wrong, the field, what to do,
and the rule.

The texts contain no value of a record, so that they may be stored and logged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from crmsync.model.change_limits import ChangeLimit, Hold
from crmsync.model.crm_names import HUBSPOT_OPT_OUT, PARENT_ACCOUNT, PRIMARY_COMPANY
from crmsync.model.effects import Category, Report
from crmsync.model.records import Ref, Side
from crmsync.rules.refusals.table import hint_of

NO_ADDRESS = "NO_ADDRESS"
"""The code of a record that waits for an e-mail address."""

FIELD_LOOP = "FIELD_LOOP"
"""The code of a field that the loop breaker has stopped."""


def waiting(ref: Ref) -> Report:
    """TRG-17: a record without an address cannot be matched; that is a state, not an error."""
    return Report(
        ref,
        Category.WAITING,
        "has no e-mail address yet, so it waits",
        hint=hint_of(NO_ADDRESS),
        because=("TRG-17",),
        code=NO_ADDRESS,
    )


def duplicate_of_linked(ref: Ref, linked: Iterable[Ref]) -> Report:
    """CH-13: a second record with the address of a linked one. It waits for the `linked` records of
    the other side.
    """
    return Report(
        ref,
        Category.DUPLICATES,
        "shares its e-mail address with a record that is linked already; that link stays",
        hint=hint_of("SHARED_ADDRESS"),
        because=("CH-13",),
        waits_for=tuple(sorted(linked)),
        code="SHARED_ADDRESS",
    )


def opted_out_duplicate(ref: Ref, linked: Iterable[Ref]) -> Report:
    """CH-13, OPT-7: a second record that is opted out, of a contact that does not sync at present,
    so that the opt-out does not reach it.
    """
    return replace(
        duplicate_of_linked(ref, linked),
        text="shares its e-mail address with a record that is linked already, "
        "and is opted out of e-mail, which that one is not",
        hint=hint_of("SHARED_ADDRESS_OPTED_OUT"),
        because=("CH-13", "OPT-4", "OPT-7"),
        code="SHARED_ADDRESS_OPTED_OUT",
    )


def counterpart_taken(ref: Ref, made: Ref) -> Report:
    """CH-13: a record whose counterpart, `made` for it and not linked with it, belongs to another
    pair by now. A second one cannot be made, as that one has its key.
    """
    return Report(
        ref,
        Category.DUPLICATES,
        "cannot get a counterpart, as the one that was made for it belongs to another pair by now",
        hint=hint_of("COUNTERPART_TAKEN"),
        because=("CH-13",),
        waits_for=(made,),
        code="COUNTERPART_TAKEN",
    )


def made_again(ref: Ref) -> Report:
    """DEL-1: a lead or contact that a worker made just when the first one of its contact was
    deleted. The contact is gone as well.
    """
    return Report(
        ref,
        Category.DUPLICATES,
        "was made once more while the first one was deleted, and its HubSpot contact is gone",
        hint=hint_of("MADE_AGAIN"),
        because=("DEL-1",),
        code="MADE_AGAIN",
    )


def behind_another(ref: Ref) -> Report:
    """A record that can be decided only after others of its address or company. Only previews
    report it; the sync comes back to the record by itself.
    """
    return Report(
        ref,
        Category.WAITING,
        "can be decided only once another record of the same address or company is done",
        hint="The sync comes back to it by itself.",
        because=("CH-13",),
    )


def address_taken(ref: Ref, holder: Ref) -> Report:
    """DUP-1: a contact whose new address belongs to another contact, the `holder`. That is an
    error, never a merge; it waits for the holder.
    """
    return Report(
        ref,
        Category.DUPLICATES,
        "would get an e-mail address that another HubSpot contact has; the other fields are in "
        "step",
        "email",
        hint_of("ADDRESS_TAKEN"),
        ("DUP-1",),
        (holder,),
        code="ADDRESS_TAKEN",
    )


def opt_out_not_shown(ref: Ref) -> Report:
    """OPT-4: HubSpot accepted the opt-out but still does not show it. It is requested again at
    every sync.
    """
    return Report(
        ref,
        Category.UNAVAILABLE,
        "is opted out in Salesforce; "
        "HubSpot was asked to unsubscribe it from all e-mail and does not show it",
        HUBSPOT_OPT_OUT,
        hint_of("OPT_OUT_NOT_SHOWN"),
        ("OPT-4",),
        code="OPT_OUT_NOT_SHOWN",
    )


def unnamed(ref: Ref, missing: str) -> Report:
    """Q-35: Salesforce requires a name that HubSpot lacks and the settings do not provide."""
    return Report(
        ref,
        Category.VALIDATION,
        f"Salesforce requires {missing}, HubSpot has none, and the settings name no fallback",
        missing,
        hint_of("NAME_MISSING"),
        ("Q-35",),
        code="NAME_MISSING",
    )


def incompatible(ref: Ref, name: str) -> Report:
    """CH-8: a value that cannot cross, while all others do."""
    return Report(
        ref,
        Category.VALIDATION,
        "has a value that the field on the other side cannot hold; the other fields are in step",
        name,
        hint_of("VALUE_DOES_NOT_FIT"),
        ("CH-8",),
        code="VALUE_DOES_NOT_FIT",
    )


def truncated(ref: Ref, name: str) -> Report:
    """CH-8: a text that is truncated on the other side, as the field there is too short."""
    return Report(
        ref,
        Category.VALIDATION,
        "has a text that is longer than the field on the other side; "
        "only its beginning is shown there",
        name,
        hint_of("TEXT_TRUNCATED"),
        ("CH-8",),
        code="TEXT_TRUNCATED",
    )


def deletion_limited(ref: Ref) -> Report:
    """Q-30: a deletion beyond what the settings allow within an hour; it waits for the operator."""
    return Report(
        ref,
        Category.BRAKE,
        f"was deleted in {ref.side.other.label} together with more records than "
        "max_deletes_per_hour allows",
        hint=hint_of("DELETIONS_OVER_LIMIT"),
        because=("DEL-1", "Q-30"),
        code="DELETIONS_OVER_LIMIT",
    )


def change_limited(
    ref: Ref, holds: Collection[Hold], held: Mapping[Side, Collection[str]]
) -> Report:
    """Q-30: changes beyond what the settings allow within an hour; they wait for the operator.

    `holds` are the limits, `held` the fields of each side that are kept back.
    """
    everything = {hold.side for hold in holds if hold.counted is ChangeLimit.CHANGES}
    limits = sorted({f"max_{hold.counted}_per_hour" for hold in holds})
    sides = " and ".join(side.label for side in sorted({one.side for one in holds}))
    what = "would be overwritten" if everything else "would lose a value"
    return Report(
        ref,
        Category.BRAKE,
        f"{what} in {sides} together with more records than {' and '.join(limits)} allows; it "
        "waits",
        ", ".join(sorted(held[Side.HUBSPOT] or held[Side.SALESFORCE])),
        hint_of("CHANGES_OVER_LIMIT"),
        ("Q-30",),
        code="CHANGES_OVER_LIMIT",
    )


def looping(ref: Ref, fieldnames: Iterable[str]) -> Report:
    """CH-5: fields that somebody else changes each time crmsync has written them."""
    return Report(
        ref,
        Category.VALIDATION,
        "was changed by somebody else each time crmsync had written it; the field is stopped, "
        "and the other fields are in step",
        ", ".join(sorted(fieldnames)),
        hint_of(FIELD_LOOP),
        ("CH-5",),
        code=FIELD_LOOP,
    )


def unfinished_deal(ref: Ref, missing: str) -> Report:
    """OPP-11: a new opportunity or deal that lacks a value which the other side requires."""
    return Report(
        ref,
        Category.VALIDATION,
        f"the other side requires {missing}, and the record has none that fits",
        missing,
        hint_of("DEAL_INCOMPLETE"),
        ("OPP-5", "OPP-11"),
        code="DEAL_INCOMPLETE",
    )


def same_value(ref: Ref, others: Iterable[Ref]) -> Report:
    """CH-14: the value by which a deal and an opportunity are paired belongs to several records, or
    to one that is linked already.
    """
    return Report(
        ref,
        Category.DUPLICATES,
        "shares the value of match_hubspot and match_salesforce with a record that is linked "
        "already, or with several",
        hint=hint_of("SHARED_VALUE"),
        because=("CH-14",),
        waits_for=tuple(sorted(others)),
        code="SHARED_VALUE",
    )


def deletion_deferred(ref: Ref, hours: int) -> Report:
    """Q-30: a deletion in Salesforce is deferred, so that it can be undone at no cost."""
    return Report(
        ref,
        Category.HELD,
        "was deleted in Salesforce and will be deleted in HubSpot "
        f"after hold_deletes_hours ({hours})",
        hint=hint_of("DELETION_DEFERRED"),
        because=("OPP-13", "Q-30"),
        code="DELETION_DEFERRED",
    )


def deleted_for_privacy(record: Ref) -> Report:
    """CH-9: a contact that HubSpot deleted for privacy is still in Salesforce, and only a person
    can decide what becomes of it there.

    The report has a place of its own, so that syncing the record does not remove it.
    """
    return Report(
        privacy_place(record),
        Category.PRIVACY,
        f"the contact of this {record.object} was deleted in HubSpot for privacy; "
        "it is still in Salesforce, and no longer syncs",
        hint=f"Decide what becomes of {record.object} {record.id}, of its tasks and of its "
        f"duplicates in Salesforce; then run crmsync errors done --id {record.id} --apply.",
        because=("CH-9",),
        code="DELETED_FOR_PRIVACY",
    )


def privacy_place(record: Ref) -> Ref:
    """The place of `deleted_for_privacy` in the error inbox; no record has it."""
    return Ref(record.side, str(Category.PRIVACY), f"{record.object}.{record.id}")


def waiting_for_account(ref: Ref, parent: Ref) -> Report:
    """ACC-21: a contact whose `parent` still has no counterpart after the deadline. It waits for
    the parent.
    """
    return Report(
        ref,
        Category.ASSOCIATIONS,
        "waiting for account to sync",
        PRIMARY_COMPANY if parent.side is Side.HUBSPOT else PARENT_ACCOUNT,
        hint_of("WAITS_FOR_ACCOUNT"),
        ("FLD-8", "ACC-21"),
        (parent,),
        code="WAITS_FOR_ACCOUNT",
    )

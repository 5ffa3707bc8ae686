"""The console's pages and actions as rows: where they are, what a person does, and what is shown.

A new page or action is a row here; `test_rows.py` fails for a route without one.
"""

from __future__ import annotations

from dataclasses import dataclass

CARD = "/errors/records?connection=acme&category=validation&code=FIELD_CUSTOM_VALIDATION_EXCEPTION"
REPAIR = "/completeness/repair?connection=acme"
RECORD = "/record?connection=acme&record=hubspot:contact:810000{}"
"""The page of a contact: the first three are refused, the ninth and the tenth are in step."""

PAIR = "/fields?connection=acme&object=contacts&hubspot=phone&salesforce=Phone"

NAME = "FIELD_CUSTOM_VALIDATION_EXCEPTION, acme"

PAUSED = (("Compare now: acme", "Enter"), ("Jobs", "Enter"), ("Pause job {job}", "Enter"))
"""What a person does to have a job that is paused, beginning with the page of completeness."""


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page.

    Attributes:
        path: Its route.
        address: Where it has something to show.
        heading: Its main heading.
        shows: A text on it.
    """

    path: str
    address: str
    heading: str
    shows: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that a link on a page leads to.

    Attributes:
        path: Its route.
        address: The page.
        link: The name of the link.
        file: The name of the file.
        holds: A text in it.
    """

    path: str
    address: str
    link: str
    file: str
    holds: str


@dataclass(frozen=True, slots=True)
class ActionRow:
    """An action.

    Attributes:
        path: Its route.
        address: The page that has its button.
        keys: What a person goes to by tabs, and presses or types there, one after the other. The
            last one is the button. In a name, ``{record}`` stands for the first record on the page,
            ``{count}`` for how many are in the error inbox, and ``{job}`` for the first job.
        then: A text on the page that follows.
    """

    path: str
    address: str
    keys: tuple[tuple[str, str], ...]
    then: str


PAGES = (
    PageRow("/", "/", "Overview", "API calls in 24 hours"),
    PageRow("/", "/", "Overview", "Members of campaigns"),
    PageRow("/errors", "/errors", "Errors", "In the error inbox: "),
    PageRow("/errors/records", CARD, "Records with this error", "Not that name, please."),
    PageRow("/records", "/records", "One record", "E-mail address, name or id"),
    PageRow("/conflicts", "/conflicts", "Conflicts", "Fields that both sides had changed"),
    PageRow("/record", RECORD.format("09"), "One record", "Field by field"),
    PageRow("/completeness", "/completeness", "Completeness", "What the columns mean"),
    PageRow("/completeness/repair", REPAIR, "Compare and repair", "Compare all records of acme"),
    PageRow("/brakes", "/brakes", "Brakes", "HubSpot contact, acme"),
    PageRow(
        "/brakes/records", "/brakes/records", "Records that are held back", "would be overwritten"
    ),
    PageRow("/fields", "/fields", "Field maps", "What the policies mean"),
    PageRow("/fields", PAIR, "Field maps", "phone / Phone can be mapped."),
    PageRow("/settings", "/settings", "Settings", "Version 1 runs"),
    PageRow(
        "/settings/difference",
        "/settings/difference?from=1&to=1",
        "Settings 1 and 1",
        "Both mean the same.",
    ),
    PageRow("/jobs", "/jobs", "Jobs", "Jobs that are over are kept for 90 days."),
    PageRow("/brakes/decide", "/brakes/decide?decision=drop", "Drop", "Both sides stay as they"),
)
FILES = (
    FileRow("/errors.csv", "/errors", "Download all as CSV", "crmsync-errors.csv", "Not that name"),
    FileRow(
        "/errors.csv", CARD, "Download all of them as CSV", "crmsync-errors.csv", "Not that name"
    ),
)
ACTIONS = (
    ActionRow(
        "/errors/retry",
        "/errors",
        (("Sync all {count} again", "Enter"),),
        "Synced again: ",
    ),
    ActionRow(
        "/errors/retry",
        "/errors",
        ((f"Sync these again: {NAME}", "Enter"),),
        "Synced again: 3 records.",
    ),
    ActionRow(
        "/errors/retry",
        CARD,
        (("Select {record}", "Space"), ("Sync the selected again", "Enter")),
        "Synced again: 1 record.",
    ),
    ActionRow("/errors/retry", CARD, (("Sync all 3 again", "Enter"),), "Synced again: 3 records."),
    ActionRow(
        "/errors/retry", CARD, (("Sync {record} again", "Enter"),), "Synced again: 1 record."
    ),
    ActionRow(
        "/records",
        "/records",
        (("E-mail address, name or id", "eva@example.com"), ("Find", "Enter")),
        "Eva Lang, eva@example.com",
    ),
    ActionRow(
        "/conflicts",
        "/conflicts",
        (("Rule", "MAP-3"), ("Show", "Enter")),
        "No such conflict was decided in the last 90 days.",
    ),
    ActionRow(
        "/fields",
        "/fields",
        (
            ("HubSpot property", "phone"),
            ("Salesforce field", "NumberOfEmployees"),
            ("Ask both CRMs", "Enter"),
        ),
        "phone / NumberOfEmployees cannot be mapped: ",
    ),
    ActionRow(
        "/record/resync",
        RECORD.format("01"),
        (("Resync", "Enter"),),
        "A resync of this record has begun.",
    ),
    ActionRow(
        "/record/relink",
        RECORD.format("09"),
        (("Change the link", "Space"), ("Link anew", "Enter")),
        "a resync finds the counterpart anew",
    ),
    ActionRow(
        "/record/drop-link",
        RECORD.format("10"),
        (("Change the link", "Space"), ("Drop the link", "Enter")),
        "The link is dropped.",
    ),
    ActionRow(
        "/completeness/compare",
        "/completeness",
        (("Compare now: acme", "Enter"),),
        "A comparison has been started.",
    ),
    ActionRow(
        "/completeness/compare",
        REPAIR,
        (("Compare and repair", "Enter"),),
        "A comparison has been started.",
    ),
    ActionRow(
        "/brakes/decide",
        "/brakes/records",
        (("Release {record}", "Enter"), ("Release 1 record", "Enter")),
        "Released: 1 record.",
    ),
    ActionRow(
        "/brakes/decide",
        "/brakes/records",
        (("Drop {record}", "Enter"), ("Drop 1 record", "Enter")),
        "Dropped: 1 record.",
    ),
    ActionRow("/jobs/pause", "/completeness", PAUSED, "is paused."),
    ActionRow(
        "/jobs/resume", "/completeness", (*PAUSED, ("Resume job {job}", "Enter")), "is running."
    ),
    ActionRow(
        "/jobs/cancel",
        "/completeness",
        (
            *PAUSED,
            ("Cancel job {job}", "Space"),
            ("Cancel it for good: job {job}", "Enter"),
        ),
        "is cancelled.",
    ),
)

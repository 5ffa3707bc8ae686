"""What histories exercised: acts, what the operator did, faults, effects, rules, reports, and pairs of a fault and an
effect; and what of all there is they never did.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import crmsync
from crmsync.model.effects import Category
from tests.simulation.decided import EFFECTS
from tests.simulation.operator import OPERATIONS
from tests.simulation.people.acts import ACTS
from tests.simulation.world.faults import CALLS

RULE = re.compile(r'"([A-Z]{2,5}-[0-9]{1,3})"')


def pairs(seen: Counter[str]) -> Counter[str]:
    """Each fault of a history with each effect of it."""
    faults = [one for one in seen if one.startswith(("fault ", "crash"))]
    effects = [one for one in seen if one.startswith("effect ")]
    return Counter({f"pair {one} x {two}": 1 for one, two in product(faults, effects)})


def everything() -> Mapping[str, list[str]]:
    """All that there is to exercise, by what it is."""
    folder = Path(crmsync.__file__).parent
    texts = [
        one.read_text(encoding="utf-8")
        for part in ("rules", "plans", "flows")
        for one in sorted((folder / part).rglob("*.py"))
    ]
    rules = sorted({rule for text in texts for rule in RULE.findall(text)}, key=_in_order)
    faults = [f"fault {call}: {how}" for call, ways in CALLS.items() for how in ways]
    effects = [f"effect {one}" for one in EFFECTS]
    return {
        "acts": [f"act {one}" for one in ACTS],
        "operator": [f"operator {one}" for one in OPERATIONS],
        "faults": [*faults, "crash"],
        "effects": effects,
        "rules": [f"rule {one}" for one in rules],
        "reports": [f"report {one}" for one in Category],
        "pairs of fault and effect": [
            f"pair {one} x {two}" for one, two in product([*faults, "crash"], effects)
        ],
    }


def report(seen: Counter[str]) -> list[str]:
    """The coverage in lines, what never happened first."""
    lines = []
    for what, names in everything().items():
        never = [name for name in names if not seen[name]]
        lines.append(f"{what}: {len(names) - len(never)} of {len(names)} exercised")
        if what.startswith("pairs"):
            continue
        if never:
            lines.append(f"  never: {', '.join(_short(name) for name in never)}")
        often = sorted(((seen[name], name) for name in names if seen[name]), key=lambda row: row[0])
        if often:
            lines.append("  " + ", ".join(f"{_short(name)} {count}" for count, name in often))
    excused = [
        f"{name} {count}" for name, count in sorted(seen.items()) if name.startswith("excused")
    ]
    lines.append(f"excused: {', '.join(excused) or 'nothing'}")
    return lines


def _short(name: str) -> str:
    return name.partition(" ")[2] or name


def _in_order(rule: str) -> tuple[str, int]:
    name, _, number = rule.partition("-")
    return name, int(number)

"""What must hold at the end of every history, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.simulation.judges.associations import parents, sums, tasks, ties
from tests.simulation.judges.creation import as_set
from tests.simulation.judges.fields import bounded, opted_out, owned, values
from tests.simulation.judges.pairs import Wrong
from tests.simulation.judges.records import complete, dead, forgotten, living, named, single
from tests.simulation.judges.system import private, prompt
from tests.simulation.world.lists import outsiders
from tests.simulation.world.system import System
from tests.simulation.world.undo import wrongly_put_back

INVARIANTS: Mapping[str, Callable[[System], Wrong]] = {
    "both sides agree, no lost update, only loops are stopped": values,
    "links are true": living,
    "pairs name each other": named,
    "everything is finished": complete,
    "changes follow soon": prompt,
    "no duplicate": single,
    "no resurrected record": dead,
    "forgotten people stay forgotten": forgotten,
    "opt-outs are sticky": opted_out,
    "owners follow": owned,
    "nothing personal leaks": private,
    "one write per edit": bounded,
    "companies follow": parents,
    "roles follow": ties,
    "roll-ups add up": sums,
    "one task per event": tasks,
    "nobody outside the list syncs": outsiders,
    "only what the settings allow is made": as_set,
    "undo puts back what was there": wrongly_put_back,
}

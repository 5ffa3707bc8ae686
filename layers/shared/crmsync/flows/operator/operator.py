"""Everything that the operator's command can do, by subject.

Law: the parts show what they would do and act only with `apply`. They print nothing; that is left
to the command and the laptop stack.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmsync.flows.arguments import ReportProgress, no_progress
from crmsync.flows.backfill.jobs import JobAdmin
from crmsync.flows.operator.console_links import ConsoleLinks
from crmsync.flows.operator.dead_letters import DeadLetterAdmin
from crmsync.flows.operator.errors import ErrorAdmin
from crmsync.flows.operator.fields import FieldMapReader
from crmsync.flows.operator.health.status import HealthCheck
from crmsync.flows.operator.history import HistoryReader
from crmsync.flows.operator.links import LinkAdmin
from crmsync.flows.operator.over_limit import OverLimitAdmin
from crmsync.flows.operator.pauses import PauseAdmin
from crmsync.flows.operator.settings import SettingsAdmin
from crmsync.flows.operator.setup import SetupAdmin
from crmsync.flows.operator.undo import UndoAdmin
from crmsync.flows.preview.explain import Explainer
from crmsync.flows.preview.first_sync import Preview, Previewer, PreviewRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """What the command works with.

    Attributes:
        settings: Pushes, shows and rolls back settings.
        setup: Sets connections up and checks them.
        errors: Lists and retries what does not sync.
        dead_letters: Lists dead letters and moves them back to their queues.
        jobs: Starts, watches and stops imports and resyncs.
        links: Shows, drops and rebuilds links, and changes their keys.
        health: Reads the state of the deployment.
        over_limit: Releases or drops changes that a limit holds back.
        pauses: Pauses and resumes connections.
        undo: Puts back what our writes overwrote.
        explainer: Explains single records.
        history: Reads what was decided about single records.
        fields: Reads the field maps.
        previewer: Previews what a sync would write.
        console: Makes links that open the console.
    """

    settings: SettingsAdmin
    setup: SetupAdmin
    errors: ErrorAdmin
    dead_letters: DeadLetterAdmin
    jobs: JobAdmin
    links: LinkAdmin
    health: HealthCheck
    over_limit: OverLimitAdmin
    pauses: PauseAdmin
    undo: UndoAdmin
    explainer: Explainer
    history: HistoryReader
    fields: FieldMapReader
    previewer: Previewer
    console: ConsoleLinks

    def preview(
        self,
        request: PreviewRequest,
        text: str | None = None,
        progress: ReportProgress = no_progress,
    ) -> Preview:
        """What a first sync would write under the settings of a file, or for None those in force.

        Writes nothing. Raises as `SettingsAdmin.draft` and `Previewer.preview` do.
        """
        settings = self.settings.in_force() if text is None else self.settings.draft(text)
        return self.previewer.preview(settings, request, progress)

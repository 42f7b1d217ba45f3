"""Files of a run: plan, progress, log, and the wish to cancel."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from serving.training.run import Progress, RunState
from serving.training.steps import Step

# The tail of a log is looked for in so many last bytes.
TAIL_BYTES = 256 << 10


@dataclass(frozen=True)
class Plan:
    """What a supervisor runs.

    Attributes:
        program: words of a command line before the name of a step.
        steps: in order; a step runs only if the step before succeeded.
    """

    program: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class RunFiles:
    """The folder of a run."""

    folder: Path

    @property
    def log(self) -> Path:
        """What the steps wrote to standard error."""
        return self.folder / "log"

    @property
    def output(self) -> Path:
        """What the present step wrote to standard output; the last line is the result line."""
        return self.folder / "output"

    @property
    def cancel(self) -> Path:
        """A file that exists once a client has asked to cancel."""
        return self.folder / "cancel"

    def write_plan(self, plan: Plan) -> None:
        """Write the plan of the run, and create the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.folder / "plan.json", asdict(plan))

    def read_plan(self) -> Plan:
        """Read the plan of the run."""
        fields = json.loads((self.folder / "plan.json").read_bytes())
        steps = (Step(step["name"], tuple(step["arguments"])) for step in fields["steps"])
        return Plan(tuple(fields["program"]), tuple(steps))

    def write_progress(self, progress: Progress) -> None:
        """Replace the progress of the run; a reader sees the progress before, or this one."""
        write_json(self.folder / "progress.json", as_fields(progress))

    def read_progress(self) -> Progress | None:
        """Read the progress of the run; None: the supervisor has not begun."""
        try:
            fields = json.loads((self.folder / "progress.json").read_bytes())
        except FileNotFoundError:
            return None
        return from_fields(fields)

    def read_result(self) -> Mapping[str, object]:
        """Read the result line of the step that ended; empty: the step wrote none."""
        lines = self.output.read_bytes().splitlines()
        try:
            result = json.loads(lines[-1]) if lines else {}
        except ValueError:
            return {}
        return result if isinstance(result, dict) else {}

    def tail(self, lines: int) -> Sequence[str]:
        """Read the last lines of the log; a line that a progress bar rewrites counts as several."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
        return [line for line in text.splitlines() if line.strip()][-lines:]


def as_fields(progress: Progress) -> dict[str, Any]:
    """Return progress as fields that JSON holds."""
    fields = asdict(progress)
    for name in ("started_at", "ended_at"):
        fields[name] = fields[name] and fields[name].isoformat()
    return fields


def from_fields(fields: dict[str, Any]) -> Progress:
    """Return the progress that ``as_fields`` wrote."""
    fields["state"] = RunState(fields["state"])
    for name in ("started_at", "ended_at"):
        fields[name] = fields[name] and datetime.fromisoformat(fields[name])
    return Progress(**fields)


def write_json(path: Path, fields: Mapping[str, Any]) -> None:
    """Replace a file as a whole."""
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(fields))
    new.replace(path)

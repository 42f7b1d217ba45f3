"""Gold table of the runs of commands."""

from lakehouse.table import Check, Column, Table
from lakehouse.types import COUNT, RATE, TEXT, TIMESTAMP, WHOLE

JOB_RUNS = Table(
    layer="gold",
    name="job_runs",
    description="Runs of commands on the lake: a row when a run starts, and one when the run ends.",
    columns=(
        Column("run", TEXT, "id of the run; sorts by time", False),
        Column("command", TEXT, "name of the command", False),
        Column("arguments", TEXT, "command line; passwords in URLs are masked", False),
        Column("parent", TEXT, "run of jobs.pipeline that ran this step; null: none"),
        Column("program", TEXT, "version and revision of the program", False),
        Column("process", TEXT, "host, process id and start of the process", False),
        Column("started_at", TIMESTAMP, "when the run started", False),
        Column("ended_at", TIMESTAMP, "when the run ended or was found dead; null: running"),
        Column("seconds", RATE, "time that the run took; null: running, or found dead"),
        Column(
            "status",
            TEXT,
            "running, done, refused, wrong use, failed, interrupted, or killed if the process "
            "died without a word",
            False,
        ),
        Column("exit_code", WHOLE, "exit code; null: running, or found dead"),
        Column("rows", COUNT, "rows that the result line counts; null: it counts none"),
        Column("inputs", TEXT, "JSON: table to the version that the run read; null: running"),
        Column("outputs", TEXT, "JSON: table to the last version that the run made; null: running"),
        Column("result", TEXT, "JSON: the result line; null: running, or found dead"),
    ),
    key=("run", "status"),
    checks=(
        Check(
            "status_known",
            "status IN ('running', 'done', 'refused', 'wrong use', 'failed', 'interrupted', "
            "'killed')",
            "a run has ended in a way that the program knows",
        ),
    ),
)

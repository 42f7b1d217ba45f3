"""Every write has a point where a test cuts it off, and every point is cut off by a test."""

import ast
import re
from collections.abc import Iterator

import pytest
from kills import CASES, OF_EVERY_TABLE
from own_packages import PACKAGES, ROOT

from feature_store.panel.all_tables import all_tables
from lakehouse.profile.profile import load_profile

# What writes into a lake, the store of models or a copy, whoever is called.
VERBS = {
    *("create_write_transaction", "write_deltalake", "execute", "compact", "create_checkpoint"),
    *("add_constraint", "set_table_properties", "vacuum", "restore", "optimize", "z_order"),
    *("delete_file", "delete_dir", "delete_dir_contents", "move", "copy_file", "rmtree"),
    *("open_output_stream", "write_bytes", "write_text", "link", "rename", "unlink", "write_csv"),
    *("saveAsTable", "insertInto", "writeTo", "to_csv", "to_parquet", "write_table"),
    *("create_model_version", "set_registered_model_alias", "create_registered_model"),
    *("set_model_version_tag", "delete_registered_model_alias", "delete_model_version"),
    *("insert_one", "insert_many", "replace_one", "update_one", "drop_collection"),
    *("log_artifacts", "log_params", "log_metrics", "start_run", "create_experiment"),
}
# Of a class, so that its own name does not say it.
QUALIFIED = {"DeltaTable.create"}
# Why what a function writes needs no point of its own.
CALLS = "calls lakehouse.delta.upkeep, whose functions have points"
UNSEEN = "files that nobody sees before a commit"
ASIDE = "a file beside its place, before the point"
BESIDE = "no part of a lake: the user's own file, or the folder of a program that runs here"
RUN = "kept with a run of MLflow, which nobody asks for before a version names it"
IN_COPY = "called by make_copy, in a transaction before its point"
IN_SWITCH = "called by switch, in a transaction before its point"
STATE = "a transaction of the API's SQLite database, no part of a lake"
CACHE = "a file that is made again where it is missing or cut short"
WITHOUT_POINT = {
    "watching.generate.main": "files of the project, which a rerun writes again",
    "lakehouse.delta.files.write": UNSEEN,
    "lakehouse.executors.witness": "a file for a moment, which means nothing to a reader",
    "publishing.postgresql.connection.fetch": "reads",
    "publishing.postgresql.connection.locked": "takes and releases a lock of the session",
    "publishing.postgresql.copies.as_csv": "a stream in memory",
    "publishing.postgresql.copies.constrain": IN_COPY,
    "publishing.postgresql.copies.create_partition": IN_COPY,
    "publishing.postgresql.reader.CopyReader._read": "reads",
    "publishing.postgresql.reader.CopyReader._require": "reads",
    "publishing.postgresql.reader.CopyReader.ids": "reads",
    "publishing.postgresql.removal.remove_superseded": "sets a timeout of the session",
    "publishing.postgresql.switch.create_views": IN_SWITCH,
    "publishing.postgresql.switch.drop_views": IN_SWITCH,
    "publishing.postgresql.switch.mark": IN_SWITCH,
    "publishing.postgresql.switch.replace_views": IN_SWITCH,
    "lakehouse.delta.parts.discard_parts": UNSEEN,
    "lakehouse.delta.sorted_runs.write_file": UNSEEN,
    "lakehouse.delta.upserts.append": "called by upsert_rows after its point",
    "lakehouse.delta.upserts.merge": "called by upsert_rows after its point",
    "lakehouse.storage.ObjectStore.open_output_stream": "the verb itself",
    "lakehouse.whole_files.aside": ASIDE,
    "lakehouse.whole_files.claimed": "called by claim_file before the point of what it writes",
    "lakehouse.chunks.write_stream": "a stream in memory",
    "jobs.describe_tables.run": BESIDE,
    "jobs.maintain.upkeep": CALLS,
    "forecasting.retention.forget_reports": "each file by itself; the next run removes the others",
    "streaming.queries.ingest.Ingest.__call__": CALLS,
    "serving.lookup.column_file.write_file": CACHE,
    "serving.lookup.version_files.VersionFiles._tidy": CACHE,
    "modelling.estimators.bagged_boosting.Bag.save": RUN,
    "modelling.estimators.xgboost_model.Trees.save": RUN,
    "modelling.registry.local_store.relocate": "a transaction of SQLite",
    "serving.access.key_store.KeyStore.revoke": STATE,
    "serving.access.key_store.KeyStore.rotate": STATE,
    "serving.access.key_store.insert": STATE,
    "serving.access.key_store.require_key": "reads",
    "serving.run_folder.shared_run_folder": "a temporary folder of the server",
    "serving.watching.metrics.remove_dead_gauges": "a temporary folder of the server",
    "serving.state.StateFolder.read_rows": "reads",
    "serving.state.StateFolder.transaction": STATE,
    "serving.training.local_engine.LocalEngine.forget": BESIDE,
    "serving.training.local_engine.LocalEngine.start": BESIDE,
    "serving.training.run_files.write_json": BESIDE,
    "serving.training.store.RunStore.add": STATE,
    "serving.training.store.RunStore.forget": STATE,
    "serving.training.store.RunStore.mark_counted": STATE,
    "serving.uploads.landing.write_sales": BESIDE,
    "serving.uploads.service.Uploads._require_same_body": BESIDE,
    "serving.uploads.stage.Stage.add": BESIDE,
    "serving.uploads.upload_files.UploadFiles.remove_body": BESIDE,
    "serving.uploads.store.UploadStore.begin": STATE,
    "serving.uploads.store.UploadStore.forget": STATE,
    "serving.uploads.store.UploadStore.update": STATE,
    "serving.state.StateFolder._connect": STATE,
    "synthetic.folder.SampleFolder.sign": BESIDE,
    "synthetic.folder.SampleFolder.staged": BESIDE,
    "modelling.registry.tracking.Tracking.run": RUN,
    "modelling.registry.tracking.Tracking.log": RUN,
    "modelling.registry.tracking.Tracking.log_model": RUN,
    "modelling.registry.tracking.Tracking._open": RUN,
    "forecasting.submission.write_submission": BESIDE,
    "modelling.backtest.report_file.copy": BESIDE,
    "streaming.local_broker.broker.Broker.start": BESIDE,
    "streaming.local_broker.jars.install": BESIDE,
    "streaming.local_broker.jars.move": BESIDE,
}


def functions(package: str) -> Iterator[tuple[str, ast.AST]]:
    """The functions of a package by their whole names; those within others belong to these."""
    for path in sorted((ROOT / package).rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    yield f"{module}.{node.name}.{getattr(inner, 'name', '')}", inner
            else:
                yield f"{module}.{getattr(node, 'name', '')}", node


def calls(function: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a function, by the names of what is called."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute):
                owner = called.value.id if isinstance(called.value, ast.Name) else ""
                whole = f"{owner}.{called.attr}"
                yield whole if whole in QUALIFIED else called.attr, node
            elif isinstance(called, ast.Name):
                yield called.id, node


ALL = {name: node for package in PACKAGES for name, node in functions(package)}


def template(argument: ast.expr) -> str:
    """A point as a pattern: what is filled in matches anything."""
    if isinstance(argument, ast.Constant):
        return re.escape(str(argument.value))
    assert isinstance(argument, ast.JoinedStr)
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+)"
        for part in argument.values
    )


def test_every_function_that_writes_has_a_point() -> None:
    writers = {
        name
        for name, node in ALL.items()
        if any(called in VERBS | QUALIFIED for called, _ in calls(node))
    }
    pointed = {
        name for name, node in ALL.items() if any(called == "reach" for called, _ in calls(node))
    }
    assert sorted(writers - pointed - set(WITHOUT_POINT)) == []
    assert sorted(set(WITHOUT_POINT) - writers) == [], "no longer writes"


def test_every_point_is_cut_off_by_a_test() -> None:
    patterns = {
        template(call.args[0])
        for node in ALL.values()
        for called, call in calls(node)
        if called == "reach"
    }
    cut_off = [f"before {point}" for points in CASES.values() for point in points]
    cut_off += [f"before any{suffix}" for suffix in OF_EVERY_TABLE]
    wanted = [pattern for pattern in patterns if pattern.startswith("before")]
    assert len(wanted) >= 10
    assert [p for p in wanted if not any(re.fullmatch(p, point) for point in cut_off)] == []


def test_every_table_is_cut_off_by_a_test() -> None:
    profile = load_profile("sample")
    cut_off = {point for points in CASES.values() for point in points}
    tables = {table.path for table in all_tables(profile, horizons=[1])}
    # Panels of two spines are written by the same step.
    assert sorted(tables - cut_off) == ["gold/panel_grid"]


@pytest.mark.parametrize("name", ["SHOPCAST_FAULT", "os.kill", "SIGKILL", "_exit("])
def test_nothing_of_the_program_can_be_told_to_kill_it(name: str) -> None:
    sources = {path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    # It ends the commands that it has started, never itself.
    sources.remove(ROOT / "serving" / "training" / "supervise.py")
    assert [path.name for path in sources if name in path.read_text()] == []

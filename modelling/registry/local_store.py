"""MLflow's database and files in a local lake's own folder, wherever that folder is now."""

import sqlite3
from contextlib import closing
from pathlib import Path

# Where MLflow writes down whole addresses of files.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def local_store(lake: Path) -> str:
    """Return the tracking URI of a lake's database, made true where the lake was moved or copied.

    Args:
        lake: its folder.
    """
    folder = lake / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "mlflow.db"
    if database.exists():
        relocate(database, artifacts(lake))
    return f"sqlite:///{database}"


def artifacts(lake: Path) -> str:
    """Return the address of a lake's models."""
    return (lake / "mlflow" / "artifacts").as_uri()


def relocate(database: Path, now: str) -> None:
    """Replace the address that models had by the one that they have; MLflow keeps it whole.

    Without it a copy of a lake would read and write the models of the one it was copied from.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "experiments" not in tables:
            return
        found = connection.execute(
            "SELECT DISTINCT artifact_location FROM experiments "
            "WHERE artifact_location LIKE '%/mlflow/artifacts' AND artifact_location <> ?",
            [now],
        )
        for (before,) in found.fetchall():
            for table, column in ADDRESSES:
                if table in tables:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE substr({column}, 1, ?) = ?",
                        [now, len(before) + 1, len(before), before],
                    )

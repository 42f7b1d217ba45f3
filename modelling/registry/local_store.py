"""Local MLflow store: a database and files in a local lake's folder, which may be moved."""

import sqlite3
from contextlib import closing
from pathlib import Path

# Tables and columns in which MLflow stores absolute file addresses.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def local_store(lake: Path) -> str:
    """Return the tracking URI of a lake's database; correct addresses if the lake was moved.

    Args:
        lake: folder of the lake.
    """
    folder = lake / "mlflow"
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "mlflow.db"
    if database.exists():
        relocate(database, artifacts(lake))
    return f"sqlite:///{database}"


def artifacts(lake: Path) -> str:
    """Return the URI of the folder with a lake's model files."""
    return (lake / "mlflow" / "artifacts").as_uri()


def relocate(database: Path, now: str) -> None:
    """Replace the previous address of model files in MLflow's database by the current address.

    MLflow stores absolute addresses. Without the replacement, a copied lake would read and write
    the models of the original lake.
    """
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if "experiments" not in tables:
            return
        moved = connection.execute(
            "SELECT DISTINCT artifact_location FROM experiments "
            "WHERE artifact_location LIKE '%/mlflow/artifacts' AND artifact_location <> ?",
            [now],
        )
        for (before,) in moved.fetchall():
            for table, column in ADDRESSES:
                if table in tables:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                        f"WHERE substr({column}, 1, ?) = ?",
                        [now, len(before) + 1, len(before), before],
                    )

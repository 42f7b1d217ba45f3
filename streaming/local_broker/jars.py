"""Jars of the local Kafka broker, fetched once through the Ivy that ships with Spark."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lakehouse.errors import RefusedError
from lakehouse.jars import jars_folder, require

VERSION = "4.2.2"
# Kafka logs through SLF4J but ships no logger: slf4j-simple writes to standard error.
COORDINATES = (
    ("org.apache.kafka", "kafka_2.13", VERSION),
    ("org.slf4j", "slf4j-simple", "1.7.36"),
)
# Written last: a folder without the marker is left over from an interrupted fetch.
MARKER = "complete"


def broker_jars() -> Path:
    """Return the folder of the broker's jars; the first call fetches them (44 MB, half a minute).

    Raises:
        RefusedError: Java is missing, the jars cannot be fetched, or the folder of the virtual
            environment is not writable.
    """
    require()
    folder = Path(sys.prefix) / "share" / "shopcast" / f"kafka-{VERSION}"
    if not (folder / MARKER).exists():
        install(folder)
    return folder


def install(folder: Path) -> None:
    """Fetch the jars into a temporary folder, then rename this to ``folder`` in one step.

    Raises:
        RefusedError: the folder is not writable, or the jars cannot be fetched.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="kafka-") as place:
            fetched = Path(place) / "jars"
            fetch(fetched)
            (fetched / MARKER).touch()
            move(fetched, folder)
    except OSError as error:
        raise RefusedError(
            f"{folder}: cannot put Kafka's jars there ({error.strerror}); "
            "use a virtual environment of your own (make setup)."
        ) from None


def fetch(folder: Path) -> None:
    """Retrieve every coordinate with its dependencies into a folder.

    Raises:
        RefusedError: Ivy failed; the message shows the end of Ivy's output.
    """
    for coordinate in COORDINATES:
        done = subprocess.run(ivy_command(*coordinate, folder), capture_output=True, text=True)
        if done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-10:])
            raise RefusedError(
                f"Kafka's jars cannot be fetched from Maven Central ({':'.join(coordinate)}); "
                f"check the network and run the command again. Ivy said:\n{said}"
            )


def ivy_command(group: str, artifact: str, version: str, folder: Path) -> list[str]:
    """Return the command line of Spark's Ivy that retrieves an artifact.

    The command retrieves artifacts of all types, because some of Kafka's dependencies are bundles,
    which Ivy does not count as jars.
    """
    ivy = next(jars_folder().glob("ivy-*.jar"))
    dependency = ["-dependency", group, artifact, version, "-confs", "default"]
    pattern = f"{folder}/[artifact]-[revision].[ext]"
    return [java(), "-jar", str(ivy), *dependency, "-retrieve", pattern, "-warn"]


def java() -> str:
    """Return the Java program: the one in JAVA_HOME if it exists, otherwise ``java``."""
    own = Path(os.environ.get("JAVA_HOME", "")) / "bin" / "java"
    return str(own) if own.is_absolute() and own.exists() else "java"


def move(fetched: Path, folder: Path) -> None:
    """Rename the complete folder to ``folder``, unless another process did so first."""
    if not (folder / MARKER).exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            fetched.rename(folder)
        except OSError:
            if not (folder / MARKER).exists():
                raise

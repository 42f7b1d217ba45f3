"""Puts the jars that Spark needs beside its own, so that no session has to fetch them.

    python -m lakehouse.jars

Reads Maven Central through the Ivy that Spark ships; writes into the ``jars`` folder of the
installed pyspark, where spark-submit, a local session and an image all find them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyspark

from lakehouse.errors import RefusedError

# delta-spark 4.4.1 is on PyPI without its jar: the Python package and the jar go together.
COORDINATES = (
    ("io.delta", "delta-spark_4.2_2.13", "4.4.0"),
    ("org.apache.spark", "spark-sql-kafka-0-10_2.13", "4.2.0"),
)


SHOWN_LINES = 20


def jars_folder() -> Path:
    """Return the folder of Spark's own jars.

    Under spark-submit pyspark is imported from an archive, and SPARK_HOME names the folder.
    """
    home = os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent
    return Path(home) / "jars"


def missing() -> list[tuple[str, str, str]]:
    """List the coordinates whose jar is not installed."""
    return [
        (group, artifact, version)
        for group, artifact, version in COORDINATES
        if not (jars_folder() / f"{artifact}-{version}.jar").exists()
    ]


def require() -> None:
    """Check that a session can start.

    Raises:
        RefusedError: Java or a jar is missing; says how to install it.
    """
    if shutil.which("java") is None and not java_home_has_java():
        raise RefusedError(
            "Java 17 is missing: install it with 'apt-get install openjdk-17-jre-headless' "
            "(or your system's package of a Java 17 runtime)."
        )
    absent = missing()
    if absent:
        names = ", ".join(":".join(coordinate) for coordinate in absent)
        raise RefusedError(f"Spark lacks {names}: run 'make setup' (python -m lakehouse.jars).")


def java_home_has_java() -> bool:
    """Say whether JAVA_HOME points to a Java runtime."""
    home = os.environ.get("JAVA_HOME")
    return bool(home) and (Path(str(home)) / "bin" / "java").exists()


def install(group: str, artifact: str, version: str) -> None:
    """Fetch a jar and what it depends on, and copy those that Spark does not have.

    Raises:
        RefusedError: Ivy could not fetch them; the message ends with what Ivy printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = ivy_command(group, artifact, version, folder)
        # Ivy prints a dot for every few kilobytes, whatever its message level.
        ivy = subprocess.run(command, capture_output=True, text=True, check=False)
        if ivy.returncode:
            printed = "\n".join((ivy.stdout + ivy.stderr).splitlines()[-SHOWN_LINES:])
            raise RefusedError(
                f"{group}:{artifact}:{version}: Ivy could not fetch the jar; check the connection "
                f"to Maven Central and run 'make setup' again.\n{printed}"
            )
        for jar in Path(folder).glob("*.jar"):
            if not has_artifact(jar.name):
                shutil.copy(jar, jars_folder())


def ivy_command(group: str, artifact: str, version: str, folder: str) -> list[str]:
    """Write the command line of Spark's Ivy that retrieves one artifact into a folder."""
    ivy = next(jars_folder().glob("ivy-*.jar"))
    pattern = f"{folder}/[artifact]-[revision].[ext]"
    dependency = ["-dependency", group, artifact, version, "-confs", "default"]
    return ["java", "-jar", str(ivy), *dependency, "-retrieve", pattern, "-types", "jar", "-warn"]


def has_artifact(jar: str) -> bool:
    """Say whether Spark's folder has some version of a jar already."""
    artifact = jar.rsplit("-", 1)[0]
    return any(jars_folder().glob(f"{artifact}-[0-9]*.jar"))


def main() -> int:
    """Install every missing jar."""
    try:
        for coordinate in missing():
            sys.stderr.write(f"fetching {':'.join(coordinate)} and what the jar depends on\n")
            install(*coordinate)
        require()
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())

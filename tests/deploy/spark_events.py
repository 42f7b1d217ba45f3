"""What a Spark driver says of its tasks: its event log afterwards, its pages meanwhile."""

import json
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from streaming.local_broker.properties import free_port


def logged(folder: Path) -> dict[str, str]:
    """Return the values by which a driver writes its events into a folder as lines."""
    folder.mkdir()
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": folder.as_uri(),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
    }


def executors_of_stages(folder: Path) -> dict[str, set[str]]:
    """Return which executors finished tasks of each file of the program, from the event logs."""
    names: dict[tuple[str, int], str] = {}
    executors: dict[str, set[str]] = defaultdict(set)
    for log in folder.iterdir():
        for event in map(json.loads, log.read_text().splitlines()):
            if event["Event"] == "SparkListenerStageSubmitted":
                stage = event["Stage Info"]
                names[log.name, stage["Stage ID"]] = called_from(stage["Stage Name"])
            elif event["Event"] == "SparkListenerTaskEnd":
                executor = event["Task Info"]["Executor ID"]
                executors[names[log.name, event["Stage ID"]]].add(executor)
    return dict(executors)


def called_from(stage: str) -> str:
    """Return the file name that a stage's name ends with: ``collect at …/parts.py:84`` → parts."""
    return Path(stage.partition(" at ")[2].partition(":")[0]).stem


def page() -> dict[str, str]:
    """Return the value that gives a driver's pages a free port."""
    return {"spark.ui.port": str(free_port())}


def busy_executor(driver: "subprocess.Popen[str]", port: str, file: str) -> str:
    """Wait for a task that a file of the program asked for; returns its executor's number."""
    while driver.poll() is None:
        active = ask(port, "stages?status=active&details=true")
        for stage in active:
            if called_from(stage["name"]) == file:
                for task in (stage.get("tasks") or {}).values():
                    if task["status"] == "RUNNING":
                        return str(task["executorId"])
        time.sleep(0.05)
    raise AssertionError(f"no task of {file} ran: {driver.communicate()}")


def ask(port: str, page: str) -> Any:
    """Return what the page of the driver's only application says; none before it answers."""
    address = f"http://127.0.0.1:{port}/api/v1/applications"
    try:
        (application,) = json.loads(urlopen(address, timeout=5).read())
        return json.loads(urlopen(f"{address}/{application['id']}/{page}", timeout=5).read())
    except (URLError, ConnectionError, TimeoutError, ValueError):
        return []

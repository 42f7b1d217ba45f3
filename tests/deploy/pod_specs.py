"""Every pod that the DAGs would start → JSON on standard output; run by Airflow's Python."""

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag
from kubernetes.client import ApiClient


def main(folder: Path) -> None:
    bag = BundleDagBag(str(folder), bundle_path=folder)
    pods = {
        f"{dag.dag_id}.{task.task_id}": ApiClient().sanitize_for_serialization(
            task.build_pod_request_obj()
        )
        for dag in bag.dags.values()
        for task in dag.tasks
        if hasattr(task, "build_pod_request_obj")
    }
    sys.stdout.write(json.dumps({"errors": bag.import_errors, "pods": pods}) + "\n")


main(Path(sys.argv[1]))

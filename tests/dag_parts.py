"""The parts of the DAGs that need no Airflow, as Airflow imports them: from the folder dags."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "dags"))

from shopcast_dags import settings, steps, verdict

__all__ = ["settings", "steps", "verdict"]

"""Room for a Job: the quotas of the namespace, and pods that no node can take."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from serving.training.kubernetes.job_state import conditions

# A pod that no node took for so long will not start: the cluster does not grow.
PATIENCE = timedelta(minutes=10)
QUANTITY = re.compile(r"([0-9.]+)(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
FACTORS: Mapping[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}

Object = Mapping[str, Any]


def quantity(text: str) -> Decimal:
    """Return the number that a quantity of Kubernetes means, such as 500m or 6Gi.

    Raises:
        ValueError: the text is no quantity.
    """
    match = QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no quantity of Kubernetes")
    return Decimal(match[1]) * FACTORS[match[2]]


def asked_of(job: Object) -> dict[str, Decimal]:
    """Return what a Job takes from quotas: name in a quota → amount."""
    asked = {"pods": Decimal(1), "count/jobs.batch": Decimal(1)}
    for container in job["spec"]["template"]["spec"]["containers"]:
        for kind in ("requests", "limits"):
            for name, amount in container.get("resources", {}).get(kind, {}).items():
                number = quantity(str(amount))
                keys = (f"{kind}.{name}", name) if kind == "requests" else (f"{kind}.{name}",)
                for key in keys:
                    asked[key] = asked.get(key, Decimal(0)) + number
    return asked


def shortages(job: Object, quotas: Object) -> Iterator[str]:
    """Yield why quotas do not hold a Job; nothing: they do."""
    asked = asked_of(job)
    for quota in quotas["items"]:
        status = quota.get("status", {})
        for name, hard in status.get("hard", {}).items():
            used = status.get("used", {}).get(name, "0")
            if name in asked and quantity(used) + asked[name] > quantity(hard):
                yield (
                    f"the quota {quota['metadata']['name']} allows {name} {hard}, of which "
                    f"{used} are used, and a training takes {asked[name].normalize():f}"
                )


def unschedulable(pod: Object, now: datetime) -> str | None:
    """Return why no node has taken a pod for ``PATIENCE``; None: one may still."""
    scheduled = conditions(pod).get("PodScheduled", {})
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return None
    since = datetime.fromisoformat(scheduled["lastTransitionTime"])
    return str(scheduled.get("message", "no node")) if now - since > PATIENCE else None

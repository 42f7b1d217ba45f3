"""Operator of a step as a Kubernetes pod that the Pod Security level ``restricted`` admits."""

from collections.abc import Mapping
from typing import Any

from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s

from shopcast_dags.ending import settle
from shopcast_dags.settings import DagSettings
from shopcast_dags.steps import Step
from shopcast_dags.verdict import judge

USER = 1000
# Longer than a command needs after SIGTERM.
GRACE_SECONDS = 60


class PodOperator(KubernetesPodOperator):
    """Run a step as a pod, and judge it by its exit code and its result line.

    KubernetesPodOperator alone takes a pod that was deleted for a success (airflow#73006); here a
    pod without exit code or without result line is a failed attempt.
    """

    def __init__(self, *, step: Step, settings: DagSettings, **options: Any) -> None:
        super().__init__(
            # The image's entry point, which passes signals on, stays.
            arguments=["python", "-m", f"jobs.{step.command}", *step.arguments],
            **pod_options(settings),
            **options,
        )
        self.command = step.command
        self.may_keep_champion = step.may_keep_champion

    def execute(self, context: Context) -> None:
        """Run the pod, collect its lines, and judge its end."""
        lines: list[str] = []
        self.callbacks = [*self.callbacks, collector(lines)]
        try:
            super().execute(context)
        except AirflowException as failure:
            # The exit code decides whether another attempt makes sense.
            self.log.warning("%s", failure)
        code = exit_code(self.remote_pod, self.base_container_name)
        settle(judge(self.command, code, lines, may_keep_champion=self.may_keep_champion), context)


def pod_options(settings: DagSettings) -> Mapping[str, Any]:
    """Return what the pods of every step have in common."""
    resources = {"cpu": settings.pod_cpu, "memory": settings.pod_memory}
    scratch = k8s.V1EmptyDirVolumeSource(size_limit=settings.pod_scratch)
    secrets = [k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=settings.secret))]
    return {
        "namespace": settings.namespace,
        "image": settings.image,
        "service_account_name": settings.service_account,
        "env_from": secrets if settings.secret else [],
        "env_vars": {"HOME": "/tmp"},
        "volumes": [k8s.V1Volume(name="scratch", empty_dir=scratch)],
        "volume_mounts": [k8s.V1VolumeMount(name="scratch", mount_path="/tmp")],
        "container_resources": k8s.V1ResourceRequirements(requests=resources, limits=resources),
        "security_context": k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=USER,
            run_as_group=USER,
            fs_group=USER,
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        "container_security_context": k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        # No sidecar: results are lines of the log.
        "do_xcom_push": False,
        "get_logs": True,
        "termination_grace_period": GRACE_SECONDS,
        "startup_timeout_seconds": 900,
    }


def collector(lines: list[str]) -> type[KubernetesPodOperatorCallback]:
    """Return a callback that collects the lines of a pod that may be its result."""

    class Collector(KubernetesPodOperatorCallback):
        """Collect lines of JSON."""

        @staticmethod
        def progress_callback(*, line: str, **_: Any) -> None:
            """Keep a line that may be the result."""
            if "{" in line:
                lines.append(line[line.index("{") :])

    return Collector


def exit_code(pod: k8s.V1Pod | None, container: str) -> int | None:
    """Return the exit code of a container of a pod; None: it is not known."""
    for status in (pod.status.container_statuses or ()) if pod and pod.status else ():
        if status.name == container and status.state and status.state.terminated:
            code: int = status.state.terminated.exit_code
            return code
    return None

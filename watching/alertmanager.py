"""An example of Alertmanager's configuration: who gets which alerts, and what silences what."""

from typing import Any

from watching.alerts.declaration import PAGE, RESTS, WARN

# Put receivers of your own in their places; keep addresses that are secrets in files.
ADDRESS = "http://alerts.example"
RECEIVERS = {PAGE: "on-call", WARN: "team"}


def alertmanager() -> dict[str, Any]:
    """Return the configuration."""
    return {
        "route": {
            "receiver": RECEIVERS[WARN],
            "group_by": ["alertname", "horizon", "command", "job"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                {"matchers": [f'severity="{severity}"'], "receiver": receiver}
                for severity, receiver in RECEIVERS.items()
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": [f'subject=~"{"|".join(rest.causes)}"'],
                "target_matchers": [f'subject="{rest.subject}"'],
                "equal": list(rest.equal),
            }
            for rest in RESTS
        ],
        "receivers": [
            {
                "name": receiver,
                "webhook_configs": [{"url": f"{ADDRESS}/{receiver}"}],
            }
            for receiver in RECEIVERS.values()
        ],
    }

"""All alerts."""

from watching.alerts import accuracy, api, lake, streams
from watching.alerts.declaration import Alert

ALERTS: tuple[Alert, ...] = (*api.ALERTS, *lake.ALERTS, *accuracy.ALERTS, *streams.ALERTS)

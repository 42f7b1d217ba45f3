"""Alerts about the API."""

from watching import thresholds as at
from watching.alerts.declaration import API, ERRORS, PAGE, SLOW, WARN, Alert, burning, down

ALERTS = (
    Alert(
        "ShopcastApiDown",
        API,
        PAGE,
        down("shopcast-api"),
        5,
        "The API is not there.",
        "Prometheus reaches no process of the job `shopcast-api`.",
        "Look at the pods or at the process of `python -m serving`; its log says why it ended. "
        "`python -m serving --lake URI` starts it.",
    ),
    Alert(
        "ShopcastApiErrors",
        API,
        PAGE,
        burning(ERRORS, at.AVAILABLE_SHARE, PAGE),
        2,
        "Of the API's answers, {{ $value | humanizePercentage }} are errors.",
        f"The objective is that {at.AVAILABLE_SHARE:.1%} of the answers of thirty days are below "
        "500. At this rate the budget is gone within days.",
        "The log has a line for each answer: look for `http.response.status_code` from 500 on and "
        "the error of the same `http.request.id`. After a new image, roll back: "
        "`make rollback ENVIRONMENT=production`.",
    ),
    Alert(
        "ShopcastApiErrorsSlowly",
        API,
        WARN,
        burning(ERRORS, at.AVAILABLE_SHARE, WARN),
        60,
        "Of the API's answers, {{ $value | humanizePercentage }} are errors, for hours.",
        "The budget of errors of thirty days would last ten days at this rate.",
        "As for [ShopcastApiErrors](#shopcastapierrors): the log's lines with "
        "`http.response.status_code` from 500 on.",
    ),
    Alert(
        "ShopcastApiSlow",
        API,
        WARN,
        burning(SLOW, at.QUICK_SHARE, PAGE),
        5,
        f"Of the lookups, {{{{ $value | humanizePercentage }}}} take over {at.QUICK_SECONDS} s.",
        f"The objective is that {at.QUICK_SHARE:.0%} of the lookups of one pair (`GET /predict`) "
        f"are answered within {at.QUICK_SECONDS} s.",
        "Compare CPU and requests per second with those of last week; add replicas or "
        "`WORKERS`. A publication of millions of forecasts slows lookups for seconds only.",
    ),
    Alert(
        "ShopcastServesNothing",
        API,
        PAGE,
        "max(shopcast_served_forecasts) == 0",
        10,
        "The API runs and serves no forecasts.",
        "No version is published, or the API never could read the lake.",
        "`/status` names the reason. `python -m jobs.check_month --month YYYY-MM` says what the "
        "lake has; `python -m jobs.forecast` publishes.",
    ),
    Alert(
        "ShopcastRefreshFailed",
        API,
        WARN,
        "max by (instance) (shopcast_refresh_failed) == 1",
        at.REFRESH_FAILED_MINUTES,
        "{{ $labels.instance }} cannot look for new forecasts and serves the old ones.",
        "The API answers from its own file; new versions and overrides do not arrive.",
        "`/status` names the fault: usually the object store or its credentials.",
    ),
)

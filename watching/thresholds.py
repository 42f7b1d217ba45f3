"""Thresholds of alerts, each in one place for the rules of Prometheus and of Kibana."""

from lakehouse.profile.rules import Retrain

MINUTE, HOUR, DAY = 60, 3600, 86400
RETRAIN = Retrain()

# Service levels of the API over thirty days: answers below 500, and answers within the time.
AVAILABLE_SHARE = 0.999
QUICK_SHARE = 0.99
QUICK_SECONDS = 0.1
# Ratios of fewer requests say nothing: one error in three requests pages no one.
FEWEST_REQUESTS = 100
REFRESH_FAILED_MINUTES = 30

# A cutoff is the first day of the last known month: forecasts of a third month after it are stale.
STALE_CUTOFF_DAYS = 93
BEHIND_DAYS = 3
NOT_CLOSED_DAYS = 45
FROZEN_SECONDS = 15 * MINUTE

# Above naive: worse than the best naive forecast. Above the backtest: by the margin of retraining.
NAIVE_MARGIN = 0.0
BACKTEST_MARGIN = RETRAIN.error_margin
COVERAGE_LOW = RETRAIN.coverage_low
SKEW_CHECK_DAYS = 8

LAG_SECONDS = 10 * MINUTE
FEATURES_LAG_SECONDS = 30 * MINUTE
STUCK_SECONDS = 15 * MINUTE
REJECTED_SHARE = 0.05
FEWEST_EVENTS = 100

"""Alerts about forecasts that turned out wrong, and about what they rest on."""

from watching import thresholds as at
from watching.alerts.declaration import ACCURACY, PAGE, WARN, Alert

ALERTS = (
    Alert(
        "ShopcastWorseThanNaive",
        ACCURACY,
        PAGE,
        'shopcast_score_wape{forecaster="served"} > ignoring (forecaster) '
        f'(1 + {at.NAIVE_MARGIN}) * shopcast_score_wape{{forecaster="naive"}}',
        60,
        "Horizon {{ $labels.horizon }}: the last month's forecasts were worse than a naive one.",
        "A forecast by last month's or last year's sales would have been nearer, over all pairs.",
        "Look at the month by shop and category (`gold.forecast_scores`): data that were missing "
        "at the cutoff are the usual cause. `python -m jobs.score_forecasts` says whether a new "
        "model is due; `python -m jobs.promote --rollback` restores the one before.",
    ),
    Alert(
        "ShopcastWorseThanBacktest",
        ACCURACY,
        WARN,
        'shopcast_score_rmse{forecaster="served"} > ignoring (forecaster) '
        f'(1 + {at.BACKTEST_MARGIN}) * shopcast_score_rmse{{forecaster="backtest"}}',
        60,
        "Horizon {{ $labels.horizon }}: the last month's error is above the model's backtest.",
        f"The error is more than {at.BACKTEST_MARGIN:.0%} above what the champion promised.",
        "One month may be a strange one: compare the naive forecasts of the month. If they did not "
        "suffer, train: `python -m jobs.train`, `python -m jobs.promote`.",
    ),
    Alert(
        "ShopcastCoverageOff",
        ACCURACY,
        WARN,
        f"shopcast_score_coverage < {at.COVERAGE_LOW}",
        60,
        "Horizon {{ $labels.horizon }}: {{ $value | humanizePercentage }} of the actuals lie "
        "in p10 to p90, where at least 80% should.",
        "Orders that rest on p90 or p95 are too small.",
        "Train a new model: `python -m jobs.train`, `python -m jobs.promote`.",
    ),
    Alert(
        "ShopcastRetrainDue",
        ACCURACY,
        WARN,
        "shopcast_retrain_due == 1",
        60,
        "The last scoring found that a new model is due.",
        "The reasons are in the result of the last `score_forecasts` in `gold.job_runs`.",
        "`python -m jobs.train`, `python -m jobs.promote`, `python -m jobs.forecast`.",
    ),
    Alert(
        "ShopcastSkew",
        ACCURACY,
        WARN,
        "shopcast_skew_columns > 0",
        10,
        "{{ $value }} columns of features differ from a rebuild.",
        "What the stream computed is not what batch computes; `jobs.train` refuses.",
        "`python -m jobs.build_features --rebuild`, then `python -m jobs.build_panel`. Keep "
        "`gold.feature_skew`: its examples lead to the cause.",
    ),
    Alert(
        "ShopcastDrift",
        ACCURACY,
        WARN,
        "shopcast_drift_columns > 0",
        10,
        "{{ $value }} columns of the rows to forecast differ from the year before.",
        "What the model sees has changed: other customers, prices, or a broken delivery. Drift "
        "alone is no harm; the errors of forecasts say whether it is.",
        "`gold.drift` names the columns. Look at the newest scores; if they suffer, "
        "`python -m jobs.train` and `python -m jobs.promote`.",
    ),
    Alert(
        "ShopcastSkewCheckOld",
        ACCURACY,
        WARN,
        f"time() - shopcast_skew_check_timestamp_seconds > {at.SKEW_CHECK_DAYS * at.DAY}",
        60,
        "Features were last checked {{ $value | humanizeDuration }} ago.",
        "Skew would not be noticed.",
        "`python -m jobs.check_skew` checks; the DAG `daily_update` does so each day.",
    ),
)

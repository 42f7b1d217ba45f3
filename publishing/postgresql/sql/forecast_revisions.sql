SELECT
    f.shop_id, f.item_id, f.month, f.version, f.cutoff, f.horizon, f.units,
    f.units - lag(f.units) OVER earlier AS change,
    v.status, v.published_at
FROM shopcast.forecasts AS f
JOIN shopcast.forecast_versions AS v ON v.version = f.version
WINDOW earlier AS (PARTITION BY f.shop_id, f.item_id, f.month ORDER BY f.version)

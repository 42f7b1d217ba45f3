SELECT
    f.version, f.shop_id, f.item_id, f.month, f.horizon, f.units, f.p10, f.p50, f.p90, f.p95,
    coalesce(sold.target, 0)::double precision AS actual,
    f.units - coalesce(sold.target, 0)::double precision AS error,
    coalesce(sold.target, 0)::real BETWEEN f.p10 AND f.p90 AS in_interval,
    f.rung, f.cutoff, f.model, o.units AS override
FROM shopcast.forecasts AS f
JOIN shopcast.forecast_versions AS v ON v.version = f.version AND v.status = 'published'
JOIN shopcast.months AS m ON m.month = f.month AND m.status = 'closed'
LEFT JOIN shopcast.monthly_sales AS sold
    ON sold.shop_id = f.shop_id AND sold.item_id = f.item_id AND sold.month = f.month
LEFT JOIN (
    SELECT DISTINCT ON (shop_id, item_id, month) shop_id, item_id, month, units
    FROM shopcast.overrides ORDER BY shop_id, item_id, month, change DESC
) AS o ON o.shop_id = f.shop_id AND o.item_id = f.item_id AND o.month = f.month

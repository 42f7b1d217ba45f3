-- The newest version from before the last closed month: what planners had when it began.
WITH last AS (
    SELECT month FROM shopcast.months WHERE status = 'closed' ORDER BY month DESC LIMIT 1
), version AS (
    SELECT c.copy
    FROM {copies}.current_copies AS c
    JOIN shopcast.forecast_versions AS v ON v.version = c.unit
    WHERE c.table_name = 'forecasts' AND v.status = 'published'
        AND v.cutoff < (SELECT month FROM last)
    ORDER BY v.version DESC
    LIMIT 1
)
SELECT
    rank() OVER (PARTITION BY f.shop_id ORDER BY abs(f.units - a.actual) DESC) AS place,
    f.shop_id, s.name AS shop_name, f.item_id, i.name AS item_name, f.month, f.units,
    f.p10, f.p90, a.actual, f.units - a.actual AS error, f.rung, f.version
FROM {copies}.forecasts AS f
LEFT JOIN shopcast.monthly_sales AS sold
    ON sold.shop_id = f.shop_id AND sold.item_id = f.item_id AND sold.month = f.month
    AND sold.month = (SELECT month FROM last)
CROSS JOIN LATERAL (SELECT coalesce(sold.target, 0)::double precision AS actual) AS a
LEFT JOIN shopcast.shops AS s ON s.shop_id = f.shop_id
LEFT JOIN shopcast.items AS i ON i.item_id = f.item_id
WHERE f.copy = (SELECT copy FROM version) AND f.month = (SELECT month FROM last)

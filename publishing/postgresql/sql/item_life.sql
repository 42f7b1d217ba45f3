WITH cutoff AS (
    SELECT max(month) AS month FROM shopcast.months WHERE status = 'closed'
), history AS (
    SELECT
        shop_id, item_id,
        min(month) FILTER (WHERE sales > 0) AS first_sold,
        max(month) FILTER (WHERE sales > 0) AS last_sold,
        sum(units) FILTER (WHERE month > (SELECT month FROM cutoff) - interval '1 year')
            AS units_last_year
    FROM shopcast.monthly_sales
    GROUP BY shop_id, item_id
), next AS (
    SELECT shop_id, item_id, sum(units::double precision) AS units, min(rung) AS rung
    FROM {served} AS f
    GROUP BY shop_id, item_id
)
SELECT
    shop_id, item_id, i.name AS item_name, history.first_sold, history.last_sold,
    history.units_last_year, next.units AS forecast_units, next.rung,
    CASE
        WHEN next.units IS NULL THEN 'not forecast'
        WHEN history.first_sold IS NULL THEN 'never sold'
        WHEN history.first_sold > (SELECT month FROM cutoff) - interval '3 months' THEN 'new'
        WHEN history.last_sold <= (SELECT month FROM cutoff) - interval '6 months' THEN 'ending'
        ELSE 'steady'
    END AS stage
FROM history
FULL JOIN next USING (shop_id, item_id)
LEFT JOIN shopcast.items AS i USING (item_id)

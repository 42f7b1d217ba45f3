WITH sold AS (
    SELECT shop_id, month, sum(units) AS units, sum(revenue) AS revenue, count(*) AS items
    FROM shopcast.monthly_sales
    GROUP BY shop_id, month
), newest AS (
    SELECT DISTINCT ON (f.shop_id, f.month)
        f.shop_id, f.month, f.version, sum(f.units::double precision) AS units, count(*) AS items
    FROM shopcast.forecasts AS f
    JOIN shopcast.forecast_versions AS v ON v.version = f.version AND v.status = 'published'
    GROUP BY f.shop_id, f.month, f.version
    ORDER BY f.shop_id, f.month, f.version DESC
)
SELECT
    shop_id, s.name AS shop_name, month, m.status, sold.units AS sold_units, sold.revenue,
    sold.items AS items_sold, newest.units AS forecast_units, newest.items AS items_forecast,
    newest.version
FROM sold
FULL JOIN newest USING (shop_id, month)
LEFT JOIN shopcast.months AS m USING (month)
LEFT JOIN shopcast.shops AS s USING (shop_id)

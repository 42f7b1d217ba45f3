SELECT
    f.shop_id, f.item_id, f.month, f.units, f.p10, f.p90,
    coalesce(sold.units, 0) AS units_last_year,
    f.units - coalesce(sold.units, 0)::double precision AS change
FROM {served} AS f
LEFT JOIN shopcast.monthly_sales AS sold
    ON sold.shop_id = f.shop_id AND sold.item_id = f.item_id
    AND sold.month = (f.month - interval '1 year')::date

SELECT
    f.shop_id, s.name AS shop_name, f.item_id, i.name AS item_name, i.category_id,
    i.category_name, f.month, f.horizon, f.units, f.p10, f.p50, f.p90, f.p95, f.rung,
    f.version, f.cutoff, f.model, f.generated_at, o.units AS override
FROM {served} AS f
LEFT JOIN shopcast.shops AS s ON s.shop_id = f.shop_id
LEFT JOIN shopcast.items AS i ON i.item_id = f.item_id
LEFT JOIN (
    SELECT DISTINCT ON (shop_id, item_id, month) shop_id, item_id, month, units
    FROM shopcast.overrides ORDER BY shop_id, item_id, month, change DESC
) AS o ON o.shop_id = f.shop_id AND o.item_id = f.item_id AND o.month = f.month

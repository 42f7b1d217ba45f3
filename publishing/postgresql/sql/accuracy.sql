SELECT
    score.month, score.horizon, score.version, score.segment, score.value,
    CASE score.segment WHEN 'shop' THEN s.name WHEN 'category' THEN c.category_name END AS name,
    score.rows, score.volume, score.wape, score.bias, score.coverage,
    naive.wape AS naive_wape,
    score.wape < naive.wape AS beats_naive
FROM shopcast.forecast_scores AS score
LEFT JOIN LATERAL (
    SELECT min(n.wape) AS wape
    FROM shopcast.forecast_scores AS n
    WHERE n.version = score.version AND n.month = score.month AND n.segment = score.segment
        AND n.value = score.value AND n.model <> 'served'
) AS naive ON true
LEFT JOIN shopcast.shops AS s ON score.segment = 'shop' AND s.shop_id = score.value
LEFT JOIN shopcast.categories AS c
    ON score.segment = 'category' AND c.category_id = score.value
WHERE score.model = 'served'

-- The scalar subquery lets PostgreSQL read the partition of the served version alone.
(SELECT *
FROM {copies}.forecasts
WHERE copy = (
    SELECT c.copy
    FROM {copies}.current_copies AS c
    JOIN shopcast.forecast_versions AS v ON v.version = c.unit
    WHERE c.table_name = 'forecasts' AND v.status = 'published'
    ORDER BY v.version DESC
    LIMIT 1
))

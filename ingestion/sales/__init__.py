"""Sales: records, identity, checks and versions, merged into silver.daily_sales."""

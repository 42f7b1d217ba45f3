SELECT table_name, unit, rows, published_at FROM {copies}.current_copies

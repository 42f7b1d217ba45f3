"""Panel tables: model-ready rows, one per shop, item and target month."""

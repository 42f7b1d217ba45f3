"""The panel: model-ready rows, one per shop, item and target month."""

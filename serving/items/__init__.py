"""Items: catalogue, prices and forecasts of an item over all shops, from the copy in MongoDB."""

"""A lake's copy in MongoDB: one document per item."""

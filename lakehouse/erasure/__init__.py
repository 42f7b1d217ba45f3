"""Records of shops and of sales taken out of a lake, as if they had never come."""

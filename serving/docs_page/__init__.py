"""The page /docs: every operation to read and to try, by Swagger UI, without another host."""

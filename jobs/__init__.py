"""The batch commands: each module is one ``python -m jobs.<name>``."""

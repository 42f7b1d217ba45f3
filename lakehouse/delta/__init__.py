"""Delta Lake access: every read and write of a table, through Spark or delta-rs."""

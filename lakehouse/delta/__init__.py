"""Every call to Delta Lake, through Spark or through delta-rs."""

"""Training as a resource: a run of the commands that retrain, started, watched and cancelled."""

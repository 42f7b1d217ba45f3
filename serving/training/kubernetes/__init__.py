"""Training on Kubernetes: each run is a Job of the cluster that the API runs in."""

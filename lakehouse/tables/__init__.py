"""Declarations of the tables with fixed columns, one module per layer and one for inputs."""

"""Declares metrics, indices, panels and alerts, and writes from them what watches the pipeline."""

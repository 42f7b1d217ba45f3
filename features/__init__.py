"""Feature engineering in memory: declarations, kernels and panel rows, without any I/O."""

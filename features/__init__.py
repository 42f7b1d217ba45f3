"""What is computed: declarations, kernels and the panel, without any I/O."""

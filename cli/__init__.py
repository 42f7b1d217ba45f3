"""Command frame: arguments, settings, progress, result line and exit codes of every command."""

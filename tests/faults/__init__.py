"""Heard as real processes, while things break around it."""

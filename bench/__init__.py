"""The measurements; run with make bench."""

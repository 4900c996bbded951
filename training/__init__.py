"""Makes the weights of the screen from the corpus; never installed, never imported by the service."""

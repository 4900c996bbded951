"""What every text passes before anything else may happen to it; pure, with its data beside it."""

"""What we say and what we keep; knows no channel and no page."""

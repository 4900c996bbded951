"""Attacks on the figures: read all that anybody may see, and solve for what nobody may know."""

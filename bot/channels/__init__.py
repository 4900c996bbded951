"""The ways in: text message, web chat, and the demonstration phone."""

"""Starts the demonstration: python -m bot.demo --help."""

from __future__ import annotations

from bot.demo.launch import command

command(prog_name="make run")

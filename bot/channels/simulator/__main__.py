"""Starts the practice carrier: python -m bot.channels.simulator --help."""

from __future__ import annotations

import sys

from bot.channels.simulator.serving import main

sys.exit(main())

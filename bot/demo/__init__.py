"""Everything on this machine with made-up people: what `make run` starts, and the year that they have lived."""

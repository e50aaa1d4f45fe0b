"""A network in memory, scripted servers on it, and a player of recorded conversations."""

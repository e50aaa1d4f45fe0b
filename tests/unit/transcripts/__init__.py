"""Recorded conversations, played against the proxy in memory."""

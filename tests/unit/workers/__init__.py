"""The values and the arithmetic of several processes."""

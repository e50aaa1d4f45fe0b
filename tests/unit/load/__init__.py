"""The clients that notice: whether they do."""

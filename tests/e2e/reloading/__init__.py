"""The command reads its file again, in one process and in several."""

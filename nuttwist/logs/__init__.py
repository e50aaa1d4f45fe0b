"""What the log says, and where it goes: events, levels, files, and lines for programs."""

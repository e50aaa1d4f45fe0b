"""The sockets' side, on transports in memory."""

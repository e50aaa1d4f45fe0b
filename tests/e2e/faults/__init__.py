"""
Bad days, made on purpose: real servers that are killed and held, relays that spoil what passes,
servers that answer wrong; and clients that hold the proxy to its word all the while.
"""

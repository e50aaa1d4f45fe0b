"""The redis protocol."""

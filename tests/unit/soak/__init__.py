"""The judgement over a soak."""

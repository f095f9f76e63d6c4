"""Definitions to plans: pure functions; no AWS, no clock, no SQL text, standard library only."""

"""Filling the online store: which cut is due, the states that changed, conditional writes."""

"""History: the event log, and training sets from it."""

"""Cuts on AWS: schedules, executions of the state machine, and cuts that gave up."""

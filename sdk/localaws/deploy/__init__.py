"""The services that deployments need: CloudFormation, IAM, Lambda, Step Functions, Scheduler.

Each is loaded by the first request for it. They take longer to load than a store takes to start.
"""

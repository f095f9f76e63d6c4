"""What deployments need: CloudFormation, IAM, Lambda, Step Functions and EventBridge Scheduler.

Each is loaded by the first request for it. They take longer to load than a store takes to start.
"""

"""The stacks, deployed to the local AWS by the real CDK command line, and used there."""

"""The infrastructure of a store: constructs for any CDK app, and this project's own app of them."""

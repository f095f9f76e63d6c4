"""Training sets: the user's labels with their features, and where sets were written."""

"""Training sets: the user's labels with features, and an index of written sets."""

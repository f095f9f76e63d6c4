"""The doctor: faults of a store, each with its remedy."""

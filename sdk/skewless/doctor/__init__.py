"""What is wrong with a store, and what to do about it."""

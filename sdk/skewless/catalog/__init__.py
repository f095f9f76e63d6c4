"""The catalog: what is published, told for people who look for features."""

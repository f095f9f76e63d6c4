"""The pictures of README and docs, drawn from text and from real runs: `make pictures`."""

"""The definitions that users write: frozen data without SQL or AWS; standard library only."""

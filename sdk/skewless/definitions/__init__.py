"""What a user writes: frozen data that knows nothing of SQL or AWS; standard library only."""

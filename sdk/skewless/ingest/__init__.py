"""An event's way in: frames made to fit their source, and the rows that are refused."""

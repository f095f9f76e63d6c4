"""An event's way in: rows are checked, stamped, logged, and written to items of the day."""

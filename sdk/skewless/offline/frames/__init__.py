"""Frames of any library, read and written, and columns made canonical."""

"""Frames of any library in and out, and columns made canonical."""

"""The way in for events: make frames fit their source, and keep the refused rows."""

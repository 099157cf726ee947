"""Victron's EV charging station by itself."""

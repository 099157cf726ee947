"""The simulated MENNEKES chargers on a serial line."""

"""Tests of the chargers on a serial line."""

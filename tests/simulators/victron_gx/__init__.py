"""Tests of the simulated Victron GX."""

"""Tests of the simulated smart meters."""

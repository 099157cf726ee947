"""Tests of the Alfen family."""

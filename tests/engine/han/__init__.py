"""Tests of the decoder for smart meters."""

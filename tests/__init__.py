"""The tests of Voltrail."""

"""A person in a browser, who adds and uses devices; run by scripts/e2e."""

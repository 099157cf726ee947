"""How bytes travel: one careful unit, the serial bus with its late answers, endpoints."""

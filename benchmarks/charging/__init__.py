"""How well the charging controller does, on simulated days, beside laws of other kinds."""

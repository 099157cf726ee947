"""How cars are charged: what decides, and what carries it out."""

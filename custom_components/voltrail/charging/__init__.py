"""The entry that controls chargers: entities become samples, decisions become orders."""

"""The interface for programs: service actions, JSON-RPC, and which charger is meant."""

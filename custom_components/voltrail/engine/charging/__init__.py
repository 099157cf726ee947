"""What a charger is asked, and what becomes of an order after it was given."""

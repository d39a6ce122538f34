"""Who may do what where: units, persons, seats, contacts, and the act."""

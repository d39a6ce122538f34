"""Pages of the room: for residents, for staff at their desks, and for whoever keeps the rules."""

"""Questions to the room: what somebody may see, lists, one order, the figures."""

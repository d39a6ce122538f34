"""Messages to people: queued with the effect that causes them, sent afterwards, each taking effect once."""

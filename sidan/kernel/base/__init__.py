"""Errors, transactions, append-only tables, doors (throttles and idempotency), text and crypto."""

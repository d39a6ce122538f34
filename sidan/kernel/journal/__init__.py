"""The append-only log of what happened, hash-chained per subject and sealed."""

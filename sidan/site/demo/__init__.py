"""The demonstration county: a deterministic month in which orders walk every branch of the law."""

"""The verbs of the command line; each takes the parsed words and returns the exit status."""

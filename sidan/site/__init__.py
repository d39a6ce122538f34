"""The site: settings, doors to the outside and the one page where rooms are wired together."""

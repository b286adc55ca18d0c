"""A file a command, at the path that a person types: `wercker runs list` is runs/list.py."""

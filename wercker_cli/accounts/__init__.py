"""Servers under a name, and their tokens: config.toml and the system keyring."""

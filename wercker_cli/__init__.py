"""The command-line tool for the Wercker runs API, and the engine that answers it on this machine."""

__version__ = "0.3.0"

"""Who asks the engine on this machine."""

import os
import pwd


def username() -> str:
    """The name of whoever runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container with a number for a user
        return str(os.getuid())

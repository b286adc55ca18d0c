"""The system keyring, where there is one: tokens that no file holds.

Nothing that a keyring raises is passed on, as nobody knows what its exceptions tell.
"""

from wercker_cli.errors import NotAllowed

SERVICE = "wercker-cli"


def account(context: str, url: str) -> str:
    """Under which name the keyring knows a token: a context whose address was changed has none."""
    return f"{context} {url}"


def keep(name: str, token: str) -> str | None:
    """Puts the token into the keyring; where that is not possible, says why."""
    try:
        import keyring

        keyring.set_password(SERVICE, name, token)
        kept = keyring.get_password(SERVICE, name) == token  # there is a keyring that forgets whatever it is given
    except Exception as error:  # every desktop's keyring fails in its own way
        return _why(error)
    return None if kept else "the system keyring does not keep it"


def find(name: str) -> str:
    """The token in the keyring. Raises NotAllowed where it is not to be had."""
    try:
        import keyring

        token, why = keyring.get_password(SERVICE, name), "it is not there any more"
    except Exception as error:  # as above
        token, why = None, _why(error)
    if not token:
        raise NotAllowed(f"the token belongs into the system keyring: {why}", hint="wercker auth login keeps it anew")
    return token


def forget(name: str) -> str | None:
    """Takes the token out of the keyring; where that is not possible, says why."""
    try:
        import keyring

        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)
    except Exception as error:  # as above
        return _why(error)
    return None


def _why(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "wercker-cli[keyring] is not installed"
    if type(error).__name__ == "NoKeyringError":
        return "there is no system keyring"
    return f"the system keyring cannot be used ({type(error).__name__})"

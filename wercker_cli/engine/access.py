"""What whoever asks may see and do."""

from enum import Enum

from wercker_cli.engine.faults import Forbidden, NotLoggedIn
from wercker_cli.engine.store import Row


class Access(Enum):
    """Who asks. Through a server, only what was registered with `wercker pipelines add` exists."""

    OWNER = "the person whose engine this is"
    MEMBER = "somebody with a token"
    READ_ONLY = "somebody with a token that only reads"
    NOBODY = "anybody"

    def sees(self, row: Row) -> bool:
        """Whether an application, or the run of one, exists for them."""
        if self is Access.OWNER:
            return True
        return bool(row["served_from"]) and (self is not Access.NOBODY or bool(row["public"]))

    def check_may_write(self) -> None:
        """Raises NotLoggedIn or Forbidden where they may not trigger or abort."""
        if self is Access.NOBODY:
            raise NotLoggedIn("This needs a token")
        if self is Access.READ_ONLY:
            raise Forbidden("This token may only read")

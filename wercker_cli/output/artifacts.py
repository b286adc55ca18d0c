"""How files that were unpacked are shown: a path a line."""

from wercker_cli.output.cells import get
from wercker_cli.output.columns import Column, View

FILES = View(columns=(Column("path", lambda file: get(file, "path")),), fields=("path",), name="files")

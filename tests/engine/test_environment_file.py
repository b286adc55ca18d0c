"""The ENVIRONMENT file, where it is odd; what it usually does is in cases/environment-file."""

import os
from pathlib import Path

from wercker_cli.engine.environment_file import LARGEST, NAME, read


def test_odd_bytes(tmp_path: Path) -> None:
    (tmp_path / "ENVIRONMENT").write_bytes(b"\xef\xbb\xbfA=\xff\nB=a\0b\nC=\xe2\x80\xa8d\nexport\tD=\n=E\n")
    variables, notes = read(str(tmp_path), NAME, {"Z"})
    assert variables == [("A", "\udcff"), ("C", "\u2028d"), ("D", "")]
    assert notes == [
        "ENVIRONMENT, line 2: this is no KEY=value, and left out",
        "ENVIRONMENT, line 5: this is no KEY=value, and left out",
    ]


def test_what_is_no_file_of_variables(tmp_path: Path) -> None:
    place = tmp_path / "ENVIRONMENT"
    assert read(str(tmp_path), NAME, ()) == ([], [])
    place.mkdir()
    assert read(str(tmp_path), NAME, ()) == ([], [])
    place.rmdir()
    place.symlink_to("/dev/zero")
    assert read(str(tmp_path), NAME, ()) == ([], [])
    place.unlink()
    os.mkfifo(place)
    assert read(str(tmp_path), NAME, ()) == ([], [])
    place.unlink()
    place.write_text("A=" + LARGEST * "a")
    assert read(str(tmp_path), NAME, ()) == ([], ["ENVIRONMENT is larger than 1 MiB, and left out"])

"""config.toml itself: what becomes of it, whatever it holds and whoever else writes it."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import WERCKER, Done, Wercker


def write(file: Path, text: str) -> str:
    """Puts the text there, for its owner alone; gives it back."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return text


def test_comments_unknown_keys_and_the_order_stay(wercker: Wercker, file: Path) -> None:
    write(
        file,
        '# servers\ncurrent = "a"  # for now\ncolour = "blue"\n\n[contexts.a]\nurl = "https://a.example.com"  # old\n\n'
        '# the big one\n[contexts.b]\nurl = "https://b.example.com"\n\n# the end\n',
    )
    note = f"note: {file} has a key that means nothing: colour\n"
    assert wercker("context", "list").err == note
    wercker("context", "add", "c", "--url", "https://c.example.com")
    wercker("context", "use", "c")
    wercker("context", "remove", "a")
    assert file.read_text() == (
        '# servers\ncurrent = "c"  # for now\ncolour = "blue"\n\n# the big one\n[contexts.b]\n'
        'url = "https://b.example.com"\n\n# the end\n\n[contexts.c]\nurl = "https://c.example.com/api/v3"\n'
    )
    wercker("context", "remove", "c")
    wercker("context", "remove", "b")
    assert file.read_text() == '# servers\ncolour = "blue"\n\n# the big one\n\n# the end\n\n'


def test_a_comment_at_the_end_stays(wercker: Wercker, file: Path) -> None:
    write(file, '[contexts]\na = {url = "http://a"}\n[contexts.b]\nurl = "http://b"\n\n# the end\n')
    wercker("context", "remove", "b")
    assert file.read_text() == '[contexts]\na = {url = "http://a"}\n\n# the end\n'
    assert wercker("context", "list", "-o", "id").out == "engine\na\n"


def test_contexts_on_one_line_and_in_pieces_can_be_changed(wercker: Wercker, file: Path) -> None:
    write(file, 'contexts = {a = {url = "https://a.example.com"}, b.url = "https://b.example.com"}\n')
    wercker("context", "remove", "a")
    assert wercker("context", "list", "-o", "id").out == "engine\nb\n"
    write(file, '[contexts.a]\nurl = "http://a"\n[mine]\nx = 1\n[contexts.b]\nurl = "http://b"\n')
    wercker("context", "use", "b")
    wercker("context", "remove", "a")
    assert file.read_text() == 'current = "b"\n\n[mine]\nx = 1\n[contexts.b]\nurl = "http://b"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "current = \n",
            "{} is no TOML: Invalid value (at line 1, column 11)\nhint: correct it there; nothing was changed",
        ),
        ("[contexts.ci]\nurl = 5\n", "{}: contexts.ci.url has to be a text in quotes"),
        ("[contexts.ci]\n", '{}: contexts.ci has no url\nhint: write url = "https://ci.example.com" there'),
        ("contexts = 5\n", "{}: contexts has to be a table"),
        ("[contexts]\nci = 5\n", "{}: contexts.ci has to be a table"),
        ("current = 5\n", "{}: current has to be a text in quotes"),
        ('[contexts.ci]\nurl = "http://h"\nkeyring = "yes"\n', "{}: contexts.ci.keyring has to be true or false"),
    ],
)
def test_a_broken_file_is_named_and_left_alone(wercker: Wercker, file: Path, text: str, said: str) -> None:
    write(file, text)
    for args in (["runs", "list"], ["context", "add", "new", "--url", "http://h"], ["context", "remove", "ci"]):
        assert wercker(*args, code=2) == Done(2, "", f"wercker: {said.format(file)}\n")
    assert file.read_text() == text
    assert os.listdir(file.parent) == ["config.toml"]


def test_a_file_that_is_not_utf_8_is_named(wercker: Wercker, file: Path) -> None:
    write(file, "")
    file.write_bytes(b'current = "ci"\n# caf\xe9\n')
    assert wercker("runs", "list", code=2).err == f"wercker: {file} is not UTF-8 (at line 2)\n"


def test_a_file_that_others_may_read_is_said_and_mended(wercker: Wercker, file: Path) -> None:
    write(file, '[contexts.ci]\nurl = "https://ci.example.com"\n')
    file.chmod(0o644)
    note = f"note: other users may read or change {file}: chmod 600 {file}\n"
    assert wercker("context", "list").err == note
    wercker("context", "use", "ci")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert wercker("context", "list").err == ""


def test_a_link_to_the_file_stays_a_link(wercker: Wercker, file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles/wercker.toml"
    write(real, "# mine\n")
    file.parent.mkdir(parents=True)
    file.symlink_to(real)
    wercker("context", "add", "ci", "--url", "http://h")
    assert file.is_symlink()
    assert real.read_text() == '# mine\n\n[contexts.ci]\nurl = "http://h/api/v3"\n'


def test_a_file_that_cannot_be_written_stays_and_is_named(wercker: Wercker, home: Path) -> None:
    (home / ".config").write_text("a file where a folder belongs")
    path = home / ".config/wercker/config.toml"
    done = wercker("context", "add", "ci", "--url", "http://h", code=1)
    assert done.err == f"wercker: {path} cannot be written: not a directory\n"
    assert wercker("context", "list").code == 0


def test_a_write_that_fails_leaves_everything_as_it_was(wercker: Wercker, environ: dict[str, str], file: Path) -> None:
    text = write(file, '[contexts.ci]\nurl = "http://h"\n')
    script = "export PYTHONDONTWRITEBYTECODE=1; ulimit -f 0; exec wercker context use ci"  # as a full disk
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"wercker: {file} cannot be written: file too large\n")
    assert file.read_text() == text
    assert os.listdir(file.parent) == ["config.toml"]


def test_keys_that_mean_nothing_are_said_once(wercker: Wercker, file: Path) -> None:
    write(
        file,
        'x = 1\n[contexts.engine]\nurl = "http://h"\n[contexts.a]\nurl = "http://h"\ntokn = "t"\n'
        '[contexts.b]\nurl = "http://h"\n',
    )
    said = "".join(
        f"note: {file} has a key that means nothing: {key}\n" for key in ("x", "contexts.engine", "contexts.a.tokn")
    )
    done = wercker("auth", "status")
    assert done.err == said
    assert done.out == "a\thttp://h/api/v3\tnone\tno token\t\nb\thttp://h/api/v3\tnone\tno token\t\n"
    assert wercker("context", "list", "-o", "id").out == "engine\na\nb\n"


def test_writers_at_once_lose_nothing(wercker: Wercker, environ: dict[str, str], file: Path) -> None:
    wercker("context", "add", "first", "--url", "http://h")
    writers = [
        subprocess.Popen([WERCKER, "context", "add", f"c{n}", "--url", f"http://h{n}"], env=environ) for n in range(8)
    ]
    assert [writer.wait() for writer in writers] == [0] * 8
    names = wercker("context", "list", "-o", "id").out.split()
    assert names[:2] == ["engine", "first"]
    assert sorted(names[2:]) == [f"c{n}" for n in range(8)]


def test_without_a_home_only_what_needs_one_complains(wercker: Wercker, tmp_path: Path) -> None:
    bare: dict[str, Any] = {"HOME": "nowhere", "WERCKER_HOME": str(tmp_path / "state")}  # as bad as none
    assert wercker("context", "list", **bare).code == 0
    assert wercker("context", "add", "ci", "--url", "http://h", code=2, **bare).err == (
        "wercker: no home folder is known where config.toml could be\nhint: set XDG_CONFIG_HOME to a folder\n"
    )
    wercker("context", "add", "ci", "--url", "http://h", XDG_CONFIG_HOME=str(tmp_path / "config"), **bare)
    assert (tmp_path / "config/wercker/config.toml").exists()


def test_the_config_folder_of_the_environment(wercker: Wercker, tmp_path: Path, home: Path) -> None:
    wercker("context", "add", "ci", "--url", "http://h", XDG_CONFIG_HOME=str(tmp_path / "there"))
    assert (tmp_path / "there/wercker/config.toml").exists()
    wercker("context", "add", "ci", "--url", "http://h", XDG_CONFIG_HOME="relative")
    assert (home / ".config/wercker/config.toml").exists()

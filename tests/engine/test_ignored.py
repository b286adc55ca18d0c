"""Files that an ignore file keeps out of a checkout, whatever they are called."""

import os
from pathlib import Path

import pytest

from tests.conftest import Checkout
from wercker_cli.engine.ignored import leave_out


def test_odd_names_links_and_submodules(checkout: Checkout) -> None:
    root = os.fsencode(checkout.path)
    for name in (b"new\nline", b"\xff", b' "quoted" ', b"-dash", b"deep/er/file", b"kept"):
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass
    (checkout.path / "dangling").symlink_to("nowhere")
    (checkout.path / "folder").symlink_to("deep")
    (checkout.path / ".werckerignore").write_text("*\n!kept\n!.werckerignore\n")
    commit = checkout.commit("")
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{commit},submodule")
    checkout.git("commit", "--quiet", "-m", "second")
    (checkout.path / "submodule").mkdir()
    told = leave_out(str(checkout.path), "", "wercker.yml")
    assert told == "8 files are left out of the checkout, as .werckerignore says"
    assert sorted(os.listdir(checkout.path)) == [".git", ".werckerignore", "kept", "submodule", "wercker.yml"]
    assert checkout.git("status", "--porcelain") == ""


def test_a_folder_that_is_no_repository_stays_whole_even_inside_of_one(checkout: Checkout) -> None:
    checkout.commit("")
    inside = checkout.path / "inside"
    inside.mkdir()
    (inside / ".werckerignore").write_text("*")
    assert leave_out(str(inside), "", "wercker.yml") == ""
    assert os.listdir(inside) == [".werckerignore"]


@pytest.mark.parametrize("name", ["", "other"])
def test_no_ignore_file(checkout: Checkout, name: str) -> None:
    checkout.commit("")
    assert leave_out(str(checkout.path), name, "wercker.yml") == (
        "there is no other, which 'ignore-file' names" if name else ""
    )
    assert Path(checkout.path / "wercker.yml").exists()

"""wercker runs artifacts: what a run left, from the engine and from a server."""

import io
import json
import os
import re
import signal
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import WERCKER, Checkout, Done, Terminal, Wercker, wait_until
from tests.engine.stories import run, script

RUN = "577a4dbc3ec144923a02b6f9"
ARTIFACT = f"/api/v3/runs/{RUN}/artifact"


@pytest.fixture
def server(httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """A server of the API; a request that no test announced fails the test."""
    yield httpserver
    httpserver.check()


@pytest.fixture
def remote(wercker: Wercker, server: HTTPServer) -> Wercker:
    """The command, pointed at the server."""

    def call(*args: str, **rest: Any) -> Done:
        return wercker("runs", "artifacts", *args, WERCKER_API_URL=server.url_for("/"), **rest)

    return call


def archive(*entries: tuple[str, str], **links: str) -> bytes:
    """An archive with these files and links."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in entries:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content.encode()), 1_000_000_000
            tar.addfile(member, io.BytesIO(content.encode()))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return file.getvalue()


def in_ranges(data: bytes, most: int = 10**9) -> Callable[[Request], Response]:
    """A server that sends what is asked for, and no more at once than `most`."""

    def answer(request: Request) -> Response:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["Range"])
        assert asked
        first = int(asked[1])
        part = data[first : min(int(asked[2]) + 1, first + most)]
        headers = {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"}
        return Response(part, 206, headers) if part else Response(b"", 416)

    return answer


def tree(folder: Path) -> dict[str, str]:
    """The files in a folder, hidden ones too, with what is in them."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_artifact_of_a_run_is_unpacked_and_each_path_printed(
    wercker: Wercker, checkout: Checkout, tmp_path: Path
) -> None:
    checkout.commit(
        script(make='cd "$WERCKER_OUTPUT_DIR"; mkdir -p d/e empty; echo x > d/e/f; ln -s d/e/f link; chmod a-w d')
    )
    run(wercker, checkout)
    done = wercker("runs", "artifacts", "@latest", "-D", "../out/there", cwd=checkout.path)
    assert (done.out, done.err) == ("../out/there/d/e/f\n../out/there/link\n", "")
    out = tmp_path / "out/there"
    assert sorted(os.listdir(out)) == ["d", "empty", "link"]
    assert (out / "link").read_text() == "x\n"
    assert (out / "d").stat().st_mode & 0o777 == 0o555


def test_the_checkout_of_a_run_without_output(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    checkout.commit(script(make="echo built > app"))
    run(wercker, checkout)
    (tmp_path / "here").mkdir()
    done = wercker("runs", "artifacts", "@latest", "-D", str(tmp_path / "here"), "-o", "json", cwd=checkout.path)
    assert json.loads(done.out) == [{"path": f"{tmp_path}/here/{name}"} for name in ("app", "wercker.yml")]


def test_what_a_step_left(wercker: Wercker, checkout: Checkout, tmp_path: Path) -> None:
    code = 'echo report > "$WERCKER_REPORT_ARTIFACTS_DIR/r.xml"'
    checkout.commit(script(test=f"{code}; false", other="true"))
    run(wercker, checkout, code=10)
    for number, step in enumerate(("test", "4")):
        done = wercker("runs", "artifacts", "@latest", "--step", step, "-D", f"../{number}", cwd=checkout.path)
        assert done.out == f"../{number}/r.xml\n"
    named = wercker("runs", "list", "-o", "id", cwd=checkout.path).out.strip()
    done = wercker("runs", "artifacts", "--step", "other", named, cwd=checkout.path, code=5)
    assert done.err.startswith(f"wercker: step 'other' of run {named} left no artifacts\n")
    done = wercker("runs", "artifacts", "--step", "nope", named, cwd=checkout.path, code=5)
    assert done.err.startswith(f"wercker: no step 'nope' in run {named}\nhint: its steps: 1 get code, ")


def test_steps_of_one_name_are_told_apart_by_their_numbers(wercker: Wercker, checkout: Checkout) -> None:
    step = '    - script: {name: t, code: touch "$WERCKER_REPORT_ARTIFACTS_DIR/f"}\n'
    checkout.commit(f"build:\n  steps:\n{step}{step}")
    named = run(wercker, checkout).run["id"]
    done = wercker("runs", "artifacts", named, "--step", "t", cwd=checkout.path, code=2)
    assert done.err == f"wercker: several steps of run {named} are called 't'\nhint: --step N, where N is one of 4, 5\n"


def test_a_run_without_an_artifact_is_exit_5(wercker: Wercker, checkout: Checkout) -> None:
    checkout.commit(script(boom="false"))
    named = run(wercker, checkout, code=10).run["id"]
    done = wercker("runs", "artifacts", named, cwd=checkout.path, code=5)
    assert done.err == (
        f"wercker: no artifact of run {named} on the engine: "
        f"Run {named} failed: only a run that passed has an artifact (404)\n"
    )
    assert sorted(os.listdir(checkout.path)) == [".git", "wercker.yml"]


def test_names_that_a_terminal_would_obey_are_made_safe(
    wercker: Wercker, checkout: Checkout, terminal: Terminal
) -> None:
    checkout.commit(script(make="cd \"$WERCKER_OUTPUT_DIR\"; touch \"a\nb\" $'c\\e[2Jd' $'e\\xff'"))
    run(wercker, checkout)
    done = wercker("runs", "artifacts", "@latest", "-D", "../out", cwd=checkout.path)
    assert done.out == "../out/a b\n../out/cd\n../out/e\ufffd\n"
    screen, raw = terminal("runs", "artifacts", "@latest", "-D", "../more", cwd=checkout.path)
    assert screen == ["../more/a b", "../more/cd", "../more/e\ufffd"]
    assert "\x1b[2J" not in raw
    assert len(os.listdir(os.fsencode(checkout.path.parent / "more"))) == 3


def test_nothing_is_overwritten_unless_forced(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    data = archive(("a", "new"), ("d/b", "new"), ("d/c", "new"))
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(data))
    out = tmp_path / "out"
    (out / "d").mkdir(parents=True)
    (out / "d/b").write_text("mine")
    (out / "d/mine").write_text("mine")
    done = remote(RUN, "-D", "out", code=1)
    assert done == Done(
        1,
        "",
        "wercker: nothing was unpacked, as these are there already: out/d/b\n"
        "hint: --force overwrites them, --directory DIR unpacks elsewhere\n",
    )
    assert tree(out) == {"d/b": "mine", "d/mine": "mine"}
    assert remote(RUN, "-D", "out", "--force").out == "out/a\nout/d/b\nout/d/c\n"
    assert tree(out) == {"a": "new", "d/b": "new", "d/c": "new", "d/mine": "mine"}


def test_a_link_of_ones_own_is_replaced_and_not_written_through(
    remote: Wercker, server: HTTPServer, tmp_path: Path
) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", "new"))))
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").symlink_to("../mine")
    remote(RUN, "-D", "out", "--force")
    assert (tree(tmp_path / "out"), (tmp_path / "mine").read_text()) == ({"a": "new"}, "mine")


def test_a_folder_and_a_file_do_not_replace_each_other(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", "new"), ("d/b", "new"))))
    (tmp_path / "out/a").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out/d").symlink_to("../elsewhere")
    done = remote(RUN, "-D", "out", "--force", code=1)
    assert done.err.startswith("wercker: what is a folder on one side is none on the other: out/a, out/d\n")
    assert tree(tmp_path) == {}


def test_a_large_archive_comes_in_parts(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    content = os.urandom(60_000).hex()
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", content)), most=10_000))
    remote(RUN, "-D", "out")
    assert (tmp_path / "out/a").read_text() == content
    assert len(server.log) >= 6


def test_a_part_that_breaks_off_is_asked_for_again(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    data = archive(("a", "whole"))
    tries: list[None] = []

    def answer(request: Request) -> Response:
        tries.append(None)
        response = in_ranges(data)(request)
        if len(tries) == 1:
            response.set_data(data[:50])
            response.headers["Content-Length"] = str(len(data))
        return response

    server.expect_request(ARTIFACT).respond_with_handler(answer)
    remote(RUN, "-D", "out")
    assert (tree(tmp_path / "out"), len(tries)) == ({"a": "whole"}, 2)


def test_a_server_that_knows_no_ranges(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(ARTIFACT).respond_with_data(archive(("a", "whole")))
    remote(RUN, "-D", "out")
    assert tree(tmp_path / "out") == {"a": "whole"}


def test_debug_reads_nothing_away(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", "whole"))))
    remote(RUN, "-D", "out", "--debug")
    assert tree(tmp_path / "out") == {"a": "whole"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (archive(("../evil", "x")), "the archive holds '../evil', which would be outside of its folder"),
        (archive(("/evil", "x")), "the archive holds '/evil', which would be outside of its folder"),
        (archive(("a", "x"))[:-10], "the archive is damaged: "),
        (b"<html>no archive</html>", "the archive is damaged: "),
    ],
    ids=["above", "absolute", "cut", "html"],
)
def test_a_bad_archive_leaves_nothing(
    remote: Wercker, server: HTTPServer, tmp_path: Path, data: bytes, said: str
) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(data))
    done = remote(RUN, "-D", "out/deeper", code=1)
    assert done.err.startswith(f"wercker: {said}")
    assert done.err.count("\n") == 1
    assert os.listdir(tmp_path) == ["home"]


def test_links_that_lead_out_are_left_out(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    links = {"in": "d/a", "abs": "/etc/passwd", "up": "../x", "chain": "d/root/../../y", "d/root": "..", "loop": "loop"}
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("d/a", "x"), **links)))
    done = remote(RUN, "-D", "out")
    assert done.out == "out/d/a\nout/d/root\nout/in\nout/loop\n"
    assert sorted(done.err.splitlines()) == [
        "left out: abs: it leads out of the folder, to /etc/passwd",
        "left out: chain: it leads out of the folder, to d/root/../../y",
        "left out: up: it leads out of the folder, to ../x",
    ]
    assert sorted(os.listdir(tmp_path / "out")) == ["d", "in", "loop"]


def test_a_token_goes_to_no_other_server(remote: Wercker, server: HTTPServer, httpserver: HTTPServer) -> None:
    steps = [{"id": "s", "order": 4, "displayName": "t", "artifactsUrl": "https://evil.example/api/v3/a"}]
    server.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json(steps)
    done = remote(RUN, "--step", "t", code=1)
    url = server.url_for("/api/v3").rstrip("/")
    assert done.err == (
        f"wercker: the artifacts are at https://evil.example/api/v3/a, which is not on {url}: they are not fetched\n"
    )


def test_what_a_step_left_is_fetched_where_the_server_says(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    url = server.url_for("/api/v3/elsewhere/7")
    steps = [{"id": "s", "order": 4, "displayName": "t", "artifactsUrl": url}]
    server.expect_request(f"/api/v3/runs/{RUN}/steps").respond_with_json(steps)
    server.expect_request("/api/v3/elsewhere/7").respond_with_handler(in_ranges(archive(("a", "x"))))
    assert remote(RUN, "--step", "t", "-D", "out").out == "out/a\n"


def test_ctrl_c_leaves_nothing(server: HTTPServer, environ: dict[str, str], tmp_path: Path) -> None:
    asked, go = threading.Event(), threading.Event()

    def stall(request: Request) -> Response:
        asked.set()
        go.wait(20)
        return in_ranges(b"")(request)

    server.expect_request(ARTIFACT).respond_with_handler(stall)
    process = subprocess.Popen(
        [WERCKER, "runs", "artifacts", RUN, "-D", "out"],
        cwd=tmp_path,
        env={**environ, "WERCKER_API_URL": server.url_for("/")},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(asked.is_set)
    assert len(os.listdir(tmp_path / "out")) == 1
    process.send_signal(signal.SIGINT)
    assert (process.wait(20), process.communicate()[1]) == (130, "\n")
    go.set()
    assert os.listdir(tmp_path) == ["home"]


def test_no_room_is_one_sentence(server: HTTPServer, environ: dict[str, str], tmp_path: Path) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", "x" * 100_000))))
    done = subprocess.run(
        ["bash", "-c", f'export PYTHONDONTWRITEBYTECODE=1; ulimit -f 50; exec "{WERCKER}" runs artifacts {RUN} -D out'],
        cwd=tmp_path,
        env={**environ, "WERCKER_API_URL": server.url_for("/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "wercker: nothing was unpacked in out: File too large\n",
    )
    assert os.listdir(tmp_path) == ["home"]


def test_a_file_is_no_directory(remote: Wercker, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Directory 'file' is a file" in remote(RUN, "-D", "file", code=2).err


def test_a_signal_that_ends_it_leaves_nothing(server: HTTPServer, environ: dict[str, str], tmp_path: Path) -> None:
    asked, release = threading.Event(), threading.Event()

    def slowly(_request: Request) -> Response:
        asked.set()
        release.wait(20)
        return Response(b"")

    server.expect_request(ARTIFACT).respond_with_handler(slowly)
    env = {**environ, "WERCKER_API_URL": server.url_for("/")}
    process = subprocess.Popen([WERCKER, "runs", "artifacts", RUN, "-D", str(tmp_path / "out")], env=env)
    assert asked.wait(20)
    process.terminate()
    assert process.wait(20) == 143
    release.set()
    assert not (tmp_path / "out").exists()


def test_what_a_killed_download_left_goes_with_the_next(remote: Wercker, server: HTTPServer, tmp_path: Path) -> None:
    (tmp_path / "out/.wercker-unfinished-abc/new").mkdir(parents=True)
    server.expect_request(ARTIFACT).respond_with_handler(in_ranges(archive(("a", "1"))))
    remote(RUN, "-D", str(tmp_path / "out"))
    assert os.listdir(tmp_path / "out") == ["a"]


def test_nothing_becomes_part_of_a_repository_that_is_there(
    remote: Wercker, server: HTTPServer, checkout: Checkout
) -> None:
    server.expect_request(ARTIFACT).respond_with_handler(
        in_ranges(archive((".git/hooks/pre-commit", "evil"), ("a", "1"), ("sub/.git/config", "of another")))
    )
    done = remote(RUN, cwd=checkout.path)
    assert done.out == "a\nsub/.git/config\n"
    assert done.err == "left out: .git: a repository is there\n"
    assert not (checkout.path / ".git/hooks/pre-commit").exists()

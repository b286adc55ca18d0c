"""add-ssh-key and add-to-known_hosts: the real OpenSSH, with hosts that only a stand-in for ssh-keyscan knows."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import needs, wait_until
from tests.engine.built_in import Play, Step, script, why
from tests.engine.conftest import Machine
from wercker_cli.engine.step_folders import BUILT_IN

pytestmark = needs("ssh")


class Key(NamedTuple):
    """A key of a person or of a host."""

    private: str
    public: str  # TYPE BASE64
    sha256: str
    md5: str


def make_key(folder: Path, kind: str) -> Key:
    """A new key, made by ssh-keygen."""
    path = folder / kind
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path], check=True)

    def fingerprint(form: str) -> str:
        done = subprocess.run(["ssh-keygen", "-l", "-E", form, "-f", path], capture_output=True, text=True, check=True)
        return done.stdout.split()[1]

    public = Path(f"{path}.pub").read_text().strip()
    return Key(path.read_text(), public, fingerprint("sha256"), fingerprint("md5"))


@pytest.fixture
def key(tmp_path: Path) -> Key:
    """A person's key."""
    folder = tmp_path / "key"
    folder.mkdir()
    return make_key(folder, "ed25519")


@pytest.fixture
def host(tmp_path: Path, machine: Machine) -> list[Key]:
    """The two keys of the host example.com, as a stand-in for ssh-keyscan tells them."""
    folder = tmp_path / "host"
    folder.mkdir()
    keys = [make_key(folder, kind) for kind in ("ecdsa", "ed25519")]
    lines = "\n".join(f"example.com {key.public}" for key in keys)
    machine.program("ssh-keyscan", f'echo "# ssh-keyscan $*"\ncat <<\'END\'\n# a comment\n{lines}\nEND\necho "$*" >&2')
    return keys


def named(name: str, code: str) -> Step:
    """A script step with a name of its own."""
    return {"script": {"name": name, "code": code}}


SHOW = 'ssh -G git@example.com 2>/dev/null | sed -n "s/^identityfile //p"'
KNOWN = named("known", 'cat "$WERCKER_PIPELINE_DIR/ssh/known_hosts"')


@pytest.mark.parametrize("newline", ["\n", "\\n"])
def test_ssh_uses_the_key_of_the_variable(play: Play, key: Key, newline: str) -> None:
    value = key.private.strip().replace("\n", newline)
    story = play(
        script("set -u"),
        {"add-ssh-key": {"keyname": "DEPLOY", "host": "example.com *.example.com"}},
        named("look", f'file=$({SHOW}); stat -c %a "$file"; ssh-keygen -y -f "$file"'),
        named("elsewhere", "ssh -G elsewhere.org 2>&1 | grep ssh/key- || echo no key"),
        env=(f"DEPLOY_PRIVATE={value}",),
    )
    assert story.logs["add-ssh-key"] == "ssh uses the key DEPLOY for: example.com *.example.com\n"
    assert story.logs["look"] == f"600\n{key.public}\n"
    assert story.logs["elsewhere"] == "no key\n"


def test_the_key_is_in_no_log_and_gone_after_the_run(play: Play, key: Key, home: Path) -> None:
    traced = script("set -x")
    story = play(
        traced, {"add-ssh-key": {"keyname": "DEPLOY"}}, named("look", SHOW), env=(f"DEPLOY_PRIVATE={key.private}",)
    )
    file = next(line for line in story.logs["look"].splitlines() if line.startswith("PIPELINE/ssh/key-"))
    body = key.private.splitlines()[1]
    assert not any(body in log for log in story.logs.values())
    state = home / ".local/state/wercker"
    wait_until(lambda: not list((state / "work").iterdir()) and not list((state / "trash").iterdir()))
    assert not list(state.rglob(Path(file).name))


def test_several_keys_and_the_persons_own_configuration(play: Play, key: Key) -> None:
    story = play(
        {"add-ssh-key": {"keyname": "A", "host": "other.org"}},
        {"add-ssh-key": {"keyname": "B"}},
        {"add-ssh-key": {"keyname": "A", "host": "example.com"}},
        named("look", SHOW),
        named("config", 'sed "s/key-.*/KEY/" "$WERCKER_PIPELINE_DIR/ssh/config"'),
        named("path", 'grep -o ssh/bin <<<"$PATH"; type ssh scp sftp'),
        env=(f"A_PRIVATE={key.private}", f"B_PRIVATE={key.private}"),
    )
    assert len(story.logs["look"].splitlines()) == 2
    assert story.logs["path"].splitlines() == [
        "ssh/bin",
        *(f"{program} is PIPELINE/ssh/bin/{program}" for program in ("ssh", "scp", "sftp")),
    ]
    assert (
        story.logs["config"]
        == """Host example.com
    IdentityFile "PIPELINE/ssh/KEY
Host *
    IdentityFile "PIPELINE/ssh/KEY
Host other.org
    IdentityFile "PIPELINE/ssh/KEY
Match all
    UserKnownHostsFile "PIPELINE/ssh/known_hosts" ~/.ssh/known_hosts ~/.ssh/known_hosts2
    Include ~/.ssh/config
    Include /etc/ssh/ssh_config
"""
    )


def test_git_and_after_steps_use_it_too(play: Play, machine: Machine, key: Key) -> None:
    machine.program("ssh", "printf '%s|' \"$@\" >&2; exit 255")
    fetch = "git ls-remote git@example.com:acme/rocket.git || true"
    story = play(
        {"add-ssh-key": {"keyname": "DEPLOY"}},
        script(fetch),
        after=({"add-ssh-key": {"keyname": "DEPLOY", "name": "again"}}, named("after", fetch)),
        env=(f"DEPLOY_PRIVATE={key.private}",),
    )
    for log in (story.logs["script"], story.logs["after"]):
        assert log.startswith("-F|PIPELINE/ssh/config|")
        assert "|git@example.com|git-upload-pack 'acme/rocket.git'|" in log


@pytest.mark.parametrize(
    ("keyname", "said"),
    [
        ("$DEPLOY", "keyname is empty: it is the name of the key, without a $ before it"),
        ("DEPLOY_PRIVATE", "keyname goes without its _PRIVATE: DEPLOY"),
        ("DEPLOY", "there is no variable DEPLOY_PRIVATE with a private key in it"),
        ("my key", "there is no variable my key_PRIVATE with a private key in it"),
    ],
)
def test_a_key_that_is_not_there(play: Play, keyname: str, said: str) -> None:
    assert why(play({"add-ssh-key": {"keyname": keyname}}, code=10)) == said


def test_a_host_without_a_fingerprint_is_trusted_with_a_warning(play: Play, host: list[Key]) -> None:
    story = play({"add-to-known_hosts": {"hostname": "example.com", "local": "true"}}, KNOWN)
    first, second = host
    assert story.logs["add-to-known_hosts"] == (
        "-t rsa,ecdsa,ed25519 -- example.com\n"
        f"no fingerprint is given, so whatever answered as example.com is trusted: {first.sha256} {second.sha256}\n"
    )
    assert story.logs["known"] == "".join(f"example.com {key.public}\n" for key in host)


def test_options_of_the_scan(play: Play, host: list[Key]) -> None:
    options = {"hostname": "example.com", "type": "rsa,dsa,ecdsa", "port": "2222", "timeout": "9", "use-md5": "true"}
    story = play({"add-to-known_hosts": options})
    said, warned = story.logs["add-to-known_hosts"].splitlines()
    assert said == "-t rsa,ecdsa -p 2222 -T 9 -- example.com"
    assert warned.endswith(f": {host[0].md5} {host[1].md5}")


@pytest.mark.parametrize("form", ["md5", "md5 bare", "MD5", "hex", "sha256", "sha256 bare", "padded"])
def test_only_the_key_with_the_fingerprint_is_known(play: Play, host: list[Key], form: str) -> None:
    wanted = host[1]
    fingerprint = {
        "md5": wanted.md5,
        "md5 bare": wanted.md5.removeprefix("MD5:"),
        "MD5": wanted.md5.removeprefix("MD5:").upper(),
        "hex": wanted.md5.removeprefix("MD5:").replace(":", ""),
        "sha256": wanted.sha256,
        "sha256 bare": wanted.sha256.removeprefix("SHA256:"),
        "padded": f"{wanted.sha256}=",
    }[form]
    story = play({"add-to-known_hosts": {"hostname": "example.com", "fingerprint": fingerprint}}, KNOWN)
    assert story.logs["add-to-known_hosts"] == (
        f"-t rsa,ecdsa,ed25519 -- example.com\nexample.com is known by its fingerprint {fingerprint}\n"
    )
    assert story.logs["known"] == f"example.com {wanted.public}\n"


def test_a_host_with_another_key_fails_the_step(play: Play, host: list[Key]) -> None:
    other = "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"
    story = play({"add-to-known_hosts": {"hostname": "example.com", "fingerprint": other}}, code=10)
    assert why(story) == (f"no key of example.com has the fingerprint {other}; found: {host[0].md5} {host[1].md5}")


@pytest.mark.usefixtures("host")
def test_ssh_knows_the_host(play: Play) -> None:
    story = play(
        {"add-to-known_hosts": {"hostname": "example.com"}},
        script("ssh -G example.com 2>/dev/null | sed -n 's/^userknownhostsfile //p'"),
    )
    assert story.logs["script"].startswith("PIPELINE/ssh/known_hosts /")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("exit 1", "ssh-keyscan failed for example.com"),
        ("echo '# a comment'", "ssh-keyscan found no key of example.com"),
    ],
)
def test_a_host_that_does_not_answer(play: Play, machine: Machine, code: str, said: str) -> None:
    machine.program("ssh-keyscan", code)
    assert why(play({"add-to-known_hosts": {"hostname": "example.com"}}, code=10)) == said


def test_without_a_hostname_or_ssh_keyscan(play: Play, machine: Machine) -> None:
    assert why(play({"add-to-known_hosts": {"hostname": "$NOBODY"}}, code=10)) == "hostname is empty"
    machine.lacks("ssh-keyscan")
    assert why(play({"add-to-known_hosts": {"hostname": "example.com"}}, code=10)) == "there is no ssh-keyscan on PATH"


def test_both_steps_set_ssh_up_alike() -> None:
    first, second = (Path(BUILT_IN, name, "init.sh").read_text() for name in ("add-ssh-key", "add-to-known_hosts"))
    assert first == second

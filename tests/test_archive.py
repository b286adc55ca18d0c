"""Archives: everything comes back as it was, and a stranger's archive does no harm."""

import contextlib
import gzip
import io
import os
import random
import subprocess
import sys
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wercker_cli import archive
from wercker_cli.errors import Refused

PACK = "from wercker_cli import archive; archive.pack('source', 'packed', print, unfinished='new')"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder whose neighbours must stay as they are."""
    (tmp_path / "outside").write_text("as it was")
    (tmp_path / "in").mkdir()
    yield tmp_path / "in"
    assert (tmp_path / "outside").read_text() == "as it was"
    assert sorted(os.listdir(tmp_path)) == ["in", "outside"]


def hostile(*members: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    """An archive with these members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.seek(0)
    return file


def entry(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive."""
    member = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, content


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    """A link in an archive."""
    return entry(name, type=kind, linkname=target)


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    """A folder in an archive."""
    return entry(name, type=tarfile.DIRTYPE, mode=0o755)


def pack(folder: Path, target: Path) -> None:
    """Packs a folder in which nothing has to be left out."""
    archive.pack(str(folder), str(target), pytest.fail, unfinished=f"{target}.new")


def unpack(file: io.BytesIO, place: Path, most: int | None = None) -> list[str]:
    """What was said while it was unpacked."""
    notes: list[str] = []
    archive.finish(str(place), archive.unpack(file, str(place), notes.append, most=most))
    return notes


def described(root: Path) -> dict[bytes, tuple[object, ...]]:
    """All that there is to know of what is in a folder."""
    found: dict[bytes, tuple[object, ...]] = {}
    base = os.fsencode(root)
    for path, folders, files in os.walk(base):
        for name in [*folders, *files]:
            full = os.path.join(path, name)
            status = os.lstat(full)
            content: bytes = b""
            if os.path.islink(full):
                content = os.readlink(full)
            elif name in files:
                with open(full, "rb") as file:
                    content = file.read()
            found[os.path.relpath(full, base)] = (status.st_mode, status.st_mtime_ns, status.st_nlink, content)
    return found


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "deep/er").mkdir(parents=True)
    (source / "empty").mkdir()
    (source / "deep/er/program").write_bytes(os.urandom(300_000))
    (source / "deep/er/program").chmod(0o751)
    os.link(source / "deep/er/program", source / "again")
    for name in (b"\xff\xfe", b"a\nb", b"n" * 255, "\u00fc".encode(), b"-rf", b"..a"):
        (source / os.fsdecode(name)).write_bytes(name)
    (source / "nothing").touch()
    (source / "relative").symlink_to("deep/er")
    (source / "absolute").symlink_to("/usr/bin/env")
    (source / "dangling").symlink_to("x" * 300)
    os.utime(source / "nothing", ns=(0, 1_234_567_890_123_456_789))
    os.utime(source / "relative", ns=(0, 987_654_321), follow_symlinks=False)
    (source / "deep/er").chmod(0o555)
    os.utime(source / "deep", ns=(0, 5))
    before = described(source)
    pack(source, tmp_path / "packed")
    target.mkdir()
    with open(tmp_path / "packed", "rb") as file:
        assert unpack(file, target) == []  # type: ignore[arg-type]  # a file is as good
    assert described(target) == before
    assert (target / "again").samefile(target / "deep/er/program")
    for path in (source, target):
        (path / "deep/er").chmod(0o755)


def test_other_programs_read_it_and_are_read(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / ("long" * 60)).write_text("x")
    (source / "link-long").symlink_to("long" * 60)
    pack(source, tmp_path / "packed.tar.gz")
    listed = subprocess.run(["tar", "tzf", str(tmp_path / "packed.tar.gz")], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["link-long", "long" * 60]
    with open(source / "sparse", "wb") as file:
        file.truncate(10**6)
        file.write(b"x")
    for number, options in enumerate((["-czf"], ["-cf"], ["--format=v7", "--exclude=*long*", "-czf"], ["-Sczf"])):
        packed, target = tmp_path / f"theirs{number}", tmp_path / f"target{number}"
        subprocess.run(["tar", *options, str(packed), "-C", str(source), "."], check=True)
        target.mkdir()
        assert unpack(io.BytesIO(packed.read_bytes()), target) == []
        assert (target / "sparse").read_bytes() == (source / "sparse").read_bytes()


@pytest.mark.parametrize(
    "members",
    [
        [entry("../outside", b"x")],
        [entry("a/../../outside", b"x")],
        [entry("/outside", b"x")],
        [folder("../outside2")],
        [link("way", ".."), entry("way/outside", b"x")],
        [link("way", "/"), folder("way/tmp/wercker-was-here")],
        [link("a", "."), link("a/way", ".."), entry("a/way/outside", b"x")],
        [folder("d"), link("d", ".."), entry("d/outside", b"x")],
        [link("hard", "../outside", tarfile.LNKTYPE), entry("hard", b"x")],
        [link("way", ".."), link("hard", "way/outside", tarfile.LNKTYPE)],
        [link("hard", "nowhere", tarfile.LNKTYPE)],
        [folder("d"), link("hard", "d", tarfile.LNKTYPE)],
        [entry("file", b"x"), entry("file/below", b"x")],
    ],
    ids=lambda members: " ".join(
        member.name + (f"->{member.linkname}" if member.linkname else "") for member, _ in members
    ),
)
def test_nothing_leaves_the_folder(place: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with pytest.raises(Refused, match=r"^the archive (holds|goes through|is damaged)"):
        unpack(hostile(*members), place)


def test_a_name_with_nul_in_it_is_no_name(place: Path) -> None:
    with pytest.raises(Refused, match="is no name"):
        unpack(hostile(entry("a\0b", pax_headers={"path": "a\0b"})), place)


def test_a_link_is_replaced_and_not_written_through(place: Path) -> None:
    unpack(hostile(link("file", "../outside"), entry("file", b"mine"), link("d", ".."), folder("d")), place)
    assert (place / "file").read_text() == "mine"
    assert not (place / "d").is_symlink()


def test_setuid_goes_and_what_is_no_file_is_left_out(place: Path) -> None:
    said = unpack(
        hostile(
            entry("root", b"x", mode=0o6755), entry("pipe", type=tarfile.FIFOTYPE), entry("disk", type=tarfile.BLKTYPE)
        ),
        place,
    )
    assert said == [f"left out: {name}: it is no file, no link and no folder" for name in ("pipe", "disk")]
    assert (place / "root").stat().st_mode & 0o7777 == 0o755
    assert os.listdir(place) == ["root"]


@pytest.mark.parametrize("mtime", ["nan", "inf", "-1e400", "1e300", "-5", "99999999999", "1.5.5", "\u0661"])
def test_a_time_that_is_none_is_the_first_one(place: Path, mtime: str) -> None:
    unpack(hostile(entry("file", pax_headers={"mtime": mtime})), place)
    assert (place / "file").stat().st_mtime_ns == 0


def test_a_bomb_ends_where_its_room_ends(place: Path) -> None:
    bomb = hostile(entry("zeros", bytes(20_000_000)))
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(Refused, match=r"^the archive takes more room than there is for it: 9 MiB$"):
        unpack(bomb, place, most=10_000_000)
    with pytest.raises(Refused, match="more room"):
        unpack(hostile(*(folder(f"d{number}") for number in range(100))), place, most=300_000)


def test_a_header_cannot_be_a_bomb(place: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 2**30
    with pytest.raises(Refused, match="a header of 1073741824 bytes"):
        unpack(io.BytesIO(gzip.compress(member.tobuf() + bytes(10**6))), place)


def test_a_header_cannot_lead_back(place: Path) -> None:
    member = tarfile.TarInfo("x")
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = b"\xff" * 10 + b"\xfc\x00"  # 1024 bytes less than nothing
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:512]))
    with pytest.raises(Refused, match="damaged"):
        unpack(io.BytesIO(bytes(block) * 3 + bytes(1024)), place)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"<html>",
        lambda data: data[:-5],
        lambda data: data[: len(data) // 2],
        lambda data: gzip.compress(gzip.decompress(data)[:700]),
        lambda data: gzip.compress(gzip.decompress(data)[:512]),
        lambda data: gzip.compress(gzip.decompress(data) + b"x" * 10**6),
        lambda data: data[:-8] + bytes(8),
        lambda _: gzip.compress(b"x" * 2000),
    ],
)
def test_what_is_not_whole_is_said_to_be_damaged(place: Path, damage: Callable[[bytes], bytes]) -> None:
    whole = hostile(entry("a", os.urandom(1000))).getvalue()
    with pytest.raises(Refused, match=r"^the archive is damaged: ."):
        unpack(io.BytesIO(damage(whole)), place)


def test_any_bytes_end_in_a_sentence_or_inside(tmp_path: Path) -> None:
    whole = gzip.decompress(
        hostile(
            folder("d"), entry("d/" + "n" * 150, b"x" * 600), link("l", "d"), link("h", "d/" + "n" * 150, b"1")
        ).getvalue()
    )
    choose = random.Random(4)
    for number in range(400):
        data = bytearray(whole)
        for _ in range(choose.randint(1, 12)):
            data[choose.randrange(len(data))] = choose.choice(
                [0, 0x2F, 0x2E, 0x31, 0x78, 0x4C, 0xFF, choose.randrange(256)]
            )
        for start in range(0, len(data), 512):  # most would fail at their checksum
            block = data[start : start + 512]
            data[start + 148 : start + 156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:512]))
        place = tmp_path / str(number)
        place.mkdir()
        with contextlib.suppress(Refused, FileNotFoundError):
            unpack(io.BytesIO(bytes(data)), place, most=10**6)
    assert sorted(os.listdir(tmp_path), key=int) == [str(number) for number in range(400)]


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "locked").mkdir(parents=True)
    (source / "kept").write_text("x")
    (source / "secret").write_text("x")
    for name in ("locked", "secret"):
        (source / name).chmod(0)
    powers = "-dac_override,-dac_read_search"
    plain = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.getuid() == 0 else []
    done = subprocess.run(
        [*plain, sys.executable, "-c", PACK], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "left out: secret: Permission denied\nleft out: what is in locked: Permission denied\n"
    with tarfile.open(tmp_path / "packed") as tar:
        assert tar.getnames() == ["kept", "locked"]
    (source / "locked").chmod(0o700)


def test_an_archive_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/noise").write_bytes(os.urandom(50_000))
    done = subprocess.run(
        ["bash", "-c", 'export PYTHONDONTWRITEBYTECODE=1; ulimit -f 20; exec "$0" -c "$1"', sys.executable, PACK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == "OSError: [Errno 27] File too large"
    assert os.listdir(tmp_path) == ["source"]


def test_memory_stays_flat(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with open(tmp_path / "source/large", "wb") as file:
        file.truncate(300 * 2**20)
    for number in range(2000):
        (tmp_path / f"source/{number}").touch()
    (tmp_path / "target").mkdir()
    code = (
        "import resource\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"from wercker_cli import archive; before = used(); {PACK}\n"
        "archive.unpack(open('packed', 'rb'), 'target', print); print((used() - before) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 8, "MiB more"
    assert (tmp_path / "target/large").stat().st_size == 300 * 2**20


def test_what_is_said_of_all_entries_does_not_pile_up(place: Path) -> None:
    file = io.BytesIO()
    with gzip.GzipFile(fileobj=file, mode="wb") as zipped:
        for number in range(400):
            header = tarfile.TarInfo.create_pax_global_header({f"k{number}": "x" * 60_000})
            zipped.write(header + file_header(f"f{number}"))
        zipped.write(bytes(1024))
    file.seek(0)
    tracemalloc.start()
    archive.unpack(file, str(place), print)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert len(os.listdir(place)) == 400


def file_header(name: str) -> bytes:
    """An empty file in an archive."""
    return tarfile.TarInfo(name).tobuf()


def test_folders_are_finished_from_the_inside_in_whatever_order_they_came(place: Path) -> None:
    members = [tarfile.TarInfo(name) for name in ("a/b/c", "a", "a/b")]
    for member in members:
        member.type, member.mode = tarfile.DIRTYPE, 0o500
    folders = archive.unpack(hostile(*((member, b"") for member in members)), str(place), print)
    archive.finish(str(place), folders)
    assert [found.name for found in folders] == ["a/b/c", "a", "a/b"]
    assert (place / "a/b/c").stat().st_mode & 0o777 == 0o500


def test_folders_in_each_other_have_an_end(place: Path) -> None:
    member = tarfile.TarInfo("/".join("a" * 1000))
    with pytest.raises(Refused, match="more than 200 deep"):
        archive.unpack(hostile((member, b"x")), str(place), print)

"""How long commands take to start, as ratios in one run: python tests/bench/startup.py [ROUNDS]

The floors are a bare Click script, and a Click script that makes one GET with requests, in the same environment.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WERCKER = str(Path(sys.executable).with_name("wercker"))
TMPFS = "/dev/shm" if os.path.isdir("/dev/shm") else None  # timings of a disk are another story
PIPELINES = "build:\n  steps:\n    - script: {code: 'true'}\n"

# Installed scripts have the same few lines around main().
BARE = """#!{python}
import sys
import click
@click.command()
@click.version_option("1")
@click.option("--name", help="A name.")
def main(name):
    pass
if __name__ == "__main__":
    sys.exit(main(prog_name="bare"))
"""
GET = """#!{python}
import sys
import click
import requests
@click.command()
@click.argument("url")
def main(url):
    for run in requests.get(url, timeout=10).json():
        print(run["id"])
if __name__ == "__main__":
    sys.exit(main(prog_name="get"))
"""
# What is measured: its command, the floor it is compared with, and the most that the ratio should be.
RATIOS = (
    ("--help", "bare --help", 1.15),
    ("--version", "bare --version", 1.15),
    ("completion", "bare completion", 1.15),
    ("runs list --help", "bare --help", 1.25),
    ("local runs list", "bare", 1.5),
    ("local runs list", "GET", 0.5),
    ("HTTP runs list", "GET", 1.15),
)


class Runs(BaseHTTPRequestHandler):
    """Answers every GET with twenty runs."""

    protocol_version = "HTTP/1.1"
    body = b"[" + b",".join(b'{"id":"577a4dbc3ec144923a02b6%02x","message":"m"}' % n for n in range(20)) + b"]"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server wants
        return


def script(folder: Path, name: str, text: str) -> str:
    """A script of that text; gives its path."""
    path = folder / name
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return str(path)


def main(rounds: int) -> None:
    """Measures every case once a round, so that a slow moment hits all of them; prints the ratios of the medians."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Runs)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    folder = Path(tempfile.mkdtemp(dir=TMPFS))
    demo = folder / "demo"
    demo.mkdir()
    (demo / "wercker.yml").write_text(PIPELINES)
    local = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    remote = {**local, "WERCKER_API_URL": url, "WERCKER_APPLICATION_ID": "f" * 24}
    bare, get = script(folder, "bare", BARE), script(folder, "get", GET)
    words = {"COMP_WORDS": "{} --", "COMP_CWORD": "1"}
    cases: dict[str, tuple[list[str], dict[str, str]]] = {
        "bare": ([bare], local),
        "bare --help": ([bare, "--help"], local),
        "bare --version": ([bare, "--version"], local),
        "bare completion": ([bare], {**local, **words, "_BARE_COMPLETE": "bash_complete", "COMP_WORDS": "bare --"}),
        "GET": ([get, f"{url}/api/v3/runs"], local),
        "--help": ([WERCKER, "--help"], local),
        "--version": ([WERCKER, "--version"], local),
        "completion": (
            [WERCKER],
            {**local, **words, "_WERCKER_COMPLETE": "bash_complete", "COMP_WORDS": "wercker --"},
        ),
        "runs list --help": ([WERCKER, "runs", "list", "--help"], local),
        "local runs list": ([WERCKER, "runs", "list"], local),
        "HTTP runs list": ([WERCKER, "runs", "list"], remote),
    }
    trigger = [WERCKER, "runs", "trigger", "-p", "build", "--wait"]
    for _ in range(20):
        subprocess.run(trigger, cwd=demo, env=local, capture_output=True, check=True)
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, (command, environment) in cases.items():
            begin = time.perf_counter()
            subprocess.run(command, cwd=demo, env=environment, capture_output=True, check=True)
            times[name].append(time.perf_counter() - begin)
    server.shutdown()
    shutil.rmtree(folder)
    for name, floor, most in RATIOS:
        ratio = statistics.median(times[name]) / statistics.median(times[floor])
        print(f"{name:18} / {floor:16} x{ratio:.2f}   (at most {most})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)

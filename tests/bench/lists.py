"""Lists of a million runs beside lists of ten thousand, with every filter: python -m tests.bench.lists [ROUNDS]

And beside `gh run list`, which asks a server on this machine that answers at once. Filling the store takes minutes.
"""

import json
import random
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.bench.ground import Ground, ground, medians, program, rounds, seconds
from wercker_cli.engine.store import Store

SIZES = {"few": 10_000, "many": 1_000_000}
PIPELINES = "build:\n  steps: []\ntest:\n  steps: []\ndeploy:\n  steps: []\n"
COMMIT = "ab12" * 10  # of half of all runs
FILTERS = (
    (),
    ("-b", "main"),
    ("-b", "rare"),
    ("-b", "none"),
    ("-u", "rare"),
    ("-u", "ann"),
    ("-r", "failed"),
    ("-r", "unknown"),
    ("-s", "running"),
    ("-s", "finished"),
    ("-c", COMMIT),
    ("-c", COMMIT[:4]),
    ("-c", "ffff"),
    ("--source-run", "run5"),
    ("-b", "main", "-u", "rare"),
    ("-r", "failed", "-b", "rare"),
    ("-c", COMMIT[:4], "-b", "none"),
    ("--sort", "creationDateAsc"),
    ("--sort", "creationDateAsc", "-b", "rare"),
    ("--skip", "5000"),
)
SCOPES = ((), ("-p", "test"))  # an application, and one of its pipelines


def fill(store: Store, count: int) -> None:
    """Adds so many finished runs of all kinds; what is rare comes twice, at the beginning and in the middle."""
    chance = random.Random(count)
    pipelines = [(row["application"], row["id"]) for row in store.all("SELECT * FROM pipelines")]

    def rows() -> Iterator[dict[str, object]]:
        for number in range(count):
            application, pipeline = chance.choice(pipelines)
            rare = number in {5, count // 2}
            yield {
                "id": f"run{number}",
                "application": application,
                "pipeline": pipeline,
                "branch": "rare" if rare else chance.choice(("main", "main", f"topic{chance.randrange(50)}")),
                "commit": COMMIT if number % 2 else f"{chance.randrange(16**40):040x}",
                "source": f"run{number - 1}" if number % 10 == 6 else None,
                "author": "rare" if rare else chance.choice(("ann", "bob", "eve")),
                "result": chance.choice(("passed", "passed", "failed", "aborted")),
                "at": 1_700_000_000_000 + number * 1000,
            }

    with store.transaction():
        for row in rows():
            store.write(
                """
                INSERT INTO runs (id, application, pipeline, repository, branch, tag, commit_hash, message, env_vars,
                                  host_vars, source_run, author, created_at, started_at, finished_at, progress, status,
                                  result)
                VALUES (:id, :application, :pipeline, '', :branch, '', :commit, 'A change', '[]', '{}', :source,
                        :author, :at, :at, :at, 100, 'finished', :result)
                """,
                **row,
            )


WORKFLOW = {"id": 5, "name": "build"}
RUN = {
    "name": "build",
    "workflow_id": 5,
    "head_branch": "main",
    "status": "completed",
    "conclusion": "success",
    "event": "push",
    "head_sha": COMMIT,
    "display_title": "A change",
    "html_url": "https://localhost/",
    **dict.fromkeys(("created_at", "updated_at", "run_started_at"), "2026-01-01T00:00:00Z"),
}


class Actions(BaseHTTPRequestHandler):
    """Answers gh: twenty runs, and the workflow that they are of."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer: object = {"total_count": 20, "workflow_runs": [{**RUN, "id": n} for n in range(20)]}
        if "/workflows" in self.path:
            answer = WORKFLOW if self.path.endswith("/5") else {"total_count": 1, "workflows": [WORKFLOW]}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server wants
        return


@contextmanager
def server(folder: Path) -> Iterator[dict[str, str]]:
    """What gh needs in its environment to ask a server of ours; it speaks HTTPS only."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *options.split(), *files], capture_output=True, check=True)
    served = ThreadingHTTPServer(("127.0.0.1", 0), Actions)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    host = f"localhost:{served.server_port}"
    yield {"GH_HOST": host, "GH_ENTERPRISE_TOKEN": "x", "GH_REPO": f"{host}/a/b", "SSL_CERT_FILE": str(certificate)}
    served.shutdown()


def main() -> None:
    """Measures every list over few runs and over many in turns; prints the slowest, and those of gh."""
    with ground({"wercker.yml": PIPELINES}) as at, server(at.folder) as for_gh:
        homes = {name: str(at.folder / name) for name in SIZES}
        for name, size in SIZES.items():
            at.wercker("pipelines", "list", WERCKER_HOME=homes[name])
            store = Store(homes[name])
            begin = time.perf_counter()
            fill(store, size)
            store.close()
            print(f"{size} runs took {time.perf_counter() - begin:.0f} s to fill in")
        ratios = {}
        gh = program("gh")
        for scope in SCOPES:
            for given in FILTERS:
                cases = {name: listed(at, home, (*scope, *given)) for name, home in homes.items()}
                if gh:
                    cases["gh"] = partial(seconds, partial(at.run, gh, "run", "list", **for_gh))
                found = medians(cases, rounds(7))
                ratios[" ".join((*scope, *given))] = found["many"] / found["few"]
                print(
                    f"{' '.join((*scope, *given))[:40]:40} {1000 * found['many']:5.0f} ms, "
                    f"x{found['many'] / found['few']:.2f} of {SIZES['few']} runs"
                    + (f", x{found['many'] / found['gh']:.2f} of gh" if gh else "")
                )
        worst = max(ratios, key=lambda case: ratios[case])
    print(f"the worst: x{ratios[worst]:.2f} with {worst or 'no filter'}   (at most 1.2; of gh at most 1.3)")


def listed(at: Ground, home: str, args: tuple[str, ...]) -> Callable[[], float]:
    """A list, measured."""
    return partial(seconds, partial(at.wercker, "runs", "list", *args, WERCKER_HOME=home))


if __name__ == "__main__":
    main()

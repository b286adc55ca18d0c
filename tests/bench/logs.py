"""How late a line of a running step comes out of `wercker runs logs --follow`, beside `tail -f` on the same lines.

python tests/bench/logs.py [FOLDER]: everything happens below FOLDER, best on tmpfs.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

LINES = 80
CODE = f"for ((n = 0; n < {LINES}; n++)); do echo $EPOCHREALTIME; sleep 0.07$((RANDOM % 10)); done"
WERCKER = str(Path(sys.executable).parent / "wercker")


def late(command: list[str], folder: Path, environ: dict[str, str]) -> list[float]:
    """Milliseconds from the writing of each line to its arrival; the first few, which wait for the start, left out."""
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout
        found = []
        for line in reader.stdout:
            text = line.strip().replace(",", ".")
            if text.replace(".", "").isdecimal():
                found.append((time.time() - float(text)) * 1000)
            if len(found) == LINES:
                break
        reader.terminate()
    return found[10:]


def main() -> None:
    """Both, in one run."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        folder = Path(name)
        environ = {**os.environ, "WERCKER_HOME": str(folder / "home")}
        (folder / "wercker.yml").write_text(f"build:\n  steps:\n    - script: {{code: '{CODE}'}}\n")
        triggered = subprocess.run(
            [WERCKER, "runs", "trigger", "-p", "build"], cwd=folder, env=environ, capture_output=True, check=True
        )
        ours = late([WERCKER, "runs", "logs", triggered.stdout.decode().strip(), "--follow"], folder, environ)
        log = folder / "log"
        log.touch()
        with log.open("w") as written, subprocess.Popen(["bash", "-c", CODE], stdout=written):
            peer = late(["tail", "-n", "+1", "-f", str(log)], folder, environ)
    for title, found in (("wercker runs logs -f", ours), ("tail -f", peer)):
        print(f"{title:22} median {median(found):6.1f} ms   p95 {quantiles(found, n=20)[-1]:6.1f} ms")


if __name__ == "__main__":
    main()

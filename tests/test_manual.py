"""The man pages and completions are those of the commands, and real programs take them."""

import subprocess
from pathlib import Path

from tests.conftest import needs
from wercker_cli import manual

ROOT = Path(__file__).parents[1]


def test_what_is_committed_is_what_the_commands_say() -> None:
    committed = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in ("man", "completions")
        for path in (ROOT / folder).iterdir()
    }
    assert committed == manual.files(), "run: python -m wercker_cli.manual"


@needs("mandoc")
def test_mandoc_finds_no_fault_in_any_page() -> None:
    pages = sorted(str(path) for path in (ROOT / "man").glob("*.1"))
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)


@needs("mandoc")
def test_the_page_of_runs_list_has_every_section() -> None:
    page = ROOT / "man/wercker-runs-list.1"
    shown = subprocess.run(["mandoc", "-T", "ascii", str(page)], capture_output=True, text=True, check=True).stdout
    plain = subprocess.run(["col", "-b"], input=shown, capture_output=True, text=True, check=True).stdout
    sections = [line for line in plain.splitlines() if line and line[0].isalpha()][1:-1]
    assert sections == [
        *("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES", "SEE ALSO"),
    ]
    assert "wercker runs list -p build -b main -r failed" in plain


def said(shell: list[str], environ: dict[str, str], text: str) -> str:
    """What a shell prints for a script."""
    done = subprocess.run([*shell, text], env=environ, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def test_bash_completes(environ: dict[str, str]) -> None:
    script = """
source completions/wercker.bash
complete -p wercker
COMP_WORDS=(wercker runs tr); COMP_CWORD=2; COMPREPLY=()
_wercker_completion wercker tr runs; echo "${COMPREPLY[@]}"
COMP_WORDS=(wercker runs list --status ''); COMP_CWORD=4; COMPREPLY=()
_wercker_completion wercker '' --status; echo "${COMPREPLY[@]}"
COMP_WORDS=(wercker runs list --author @ me --context @ e); COMP_CWORD=8; COMPREPLY=()
_wercker_completion wercker @e --context; echo "at: ${COMPREPLY[@]}"
COMP_WORDS=(wercker runs list --author @ me --context e); COMP_CWORD=7; COMPREPLY=()
_wercker_completion wercker e --context; echo "${COMPREPLY[@]}"
"""
    assert said(["bash", "--norc", "-c"], environ, script) == (
        "complete -o nosort -F _wercker_completion wercker\ntrigger\nnotstarted started finished running\n"
        "at: \nengine\n"
    )


@needs("zsh")
def test_zsh_completes(environ: dict[str, str]) -> None:
    script = """
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'PS1= fpath=(completions $fpath); autoload -Uz compinit && compinit -D && echo rea""dy'
zpty -r inner seen '*ready*'
zpty -w -n inner $'wercker runs tr\t'
zpty -r inner seen '*trigger*'
print completed
"""
    assert said(["zsh", "-f", "-c"], environ, script) == "completed\n"


@needs("fish")
def test_fish_completes(environ: dict[str, str]) -> None:
    script = "source completions/wercker.fish; complete -C 'wercker runs tr'"
    assert said(["fish", "--no-config", "-c"], environ, script).split()[0] == "trigger"

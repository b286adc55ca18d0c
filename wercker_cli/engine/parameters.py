"""What a caller sent, checked: the query of a list, the payload of a trigger. Anything bad is a 400 that says what."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from wercker_cli.engine.faults import BadRequest, UnsupportedBody
from wercker_cli.engine.secrets import PROTECTED

MAX_LIMIT = 20  # "Max: 20, default: 20"
STATUSES = ("notstarted", "started", "finished", "running")
RESULTS = ("aborted", "unknown", "passed", "failed")
SORTS = ("creationDateAsc", "creationDateDesc")
LONGEST_TEXT = 65_536  # characters of a message, a branch and the like: twenty of them are in the answer of a list
LONGEST_SECRET = 100_000  # bytes: it is handed over in the environment of bash
WORKFLOW = ("applicationId", "workflow")  # in place of a pipeline
PAYLOAD = ("pipelineId", "sourceRunId", "branch", "tag", "commitHash", "message", "envVars", *WORKFLOW)

# The API's name of a filter, and the store's.
_FILTERS = {
    "applicationId": "application",
    "pipelineId": "pipeline",
    "status": "status",
    "result": "result",
    "branch": "branch",
    "tag": "tag",
    "commit": "commit_hash",
    "sourceRun": "source_run",
    "author": "author",
}
_ALLOWED = {"status": STATUSES, "result": RESULTS}
_COMMIT = r"[0-9a-f]{4,64}"
_HALF = "[\ud800-\udfff]"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


class Page(NamedTuple):
    """Where in a list."""

    skip: int
    limit: int


class Trigger(NamedTuple):
    """The payload of POST /runs/; '' is what was left out."""

    pipeline: str
    source_run: str
    branch: str
    tag: str
    commit: str
    message: str
    env_vars: list[dict[str, Any]]
    application: str = ""
    workflow: str = ""


def run_filters(query: Mapping[str, str]) -> dict[str, str]:
    """The filters of GET /runs as the store's columns; either an application or a pipeline has to be among them."""
    filters = {}
    for name, column in _FILTERS.items():
        if name in query:
            _one_of(name, query[name], _ALLOWED.get(name))
            filters[column] = query[name].lower() if name == "commit" else query[name]
    if "application" not in filters and "pipeline" not in filters:
        raise BadRequest("Either applicationId or pipelineId must be specified")
    if "commit_hash" in filters and not re.fullmatch(_COMMIT, filters["commit_hash"]):
        raise BadRequest("commit must be a commit hash: 4 to 64 hexadecimal digits")
    return filters


def ascending(query: Mapping[str, str]) -> bool:
    """Whether the oldest come first."""
    sort = query.get("sort", "creationDateDesc")
    _one_of("sort", sort, SORTS)
    return sort == "creationDateAsc"


def page(query: Mapping[str, str]) -> Page:
    """`skip` and `limit` of a list."""
    skip, limit = _number(query, "skip", 0), _number(query, "limit", MAX_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequest(f"limit must be from 1 to {MAX_LIMIT}")
    return Page(skip, limit)


def trigger(body: bytes | None) -> Trigger:
    """The payload of a trigger."""
    payload = json_object(body)
    unknown = sorted(set(payload) - set(PAYLOAD))
    if unknown:
        raise BadRequest(f"{unknown[0]!r} is no key of the payload; keys: {', '.join(PAYLOAD)}")
    texts = {key: _text(payload, key) for key in PAYLOAD if key != "envVars"}
    if texts["workflow"]:
        _check_workflow(texts)
    elif not texts["pipelineId"]:
        raise BadRequest("pipelineId is required")
    if texts["commitHash"] and not texts["branch"]:
        raise BadRequest("commitHash requires branch to be set")
    if texts["commitHash"] and not re.fullmatch(_COMMIT, texts["commitHash"].lower()):
        raise BadRequest("commitHash must be a commit hash: 4 to 64 hexadecimal digits")
    if texts["branch"] and texts["tag"]:
        raise BadRequest("branch and tag exclude each other")
    return Trigger(
        pipeline=texts["pipelineId"],
        source_run=texts["sourceRunId"],
        branch=texts["branch"],
        tag=texts["tag"],
        commit=texts["commitHash"].lower(),
        message=texts["message"],
        env_vars=_env_vars(payload.get("envVars")),
        application=texts["applicationId"],
        workflow=texts["workflow"],
    )


def _check_workflow(texts: Mapping[str, str]) -> None:
    if not texts["applicationId"]:
        raise BadRequest("workflow requires applicationId to be set")
    for other in ("pipelineId", "sourceRunId"):
        if texts[other]:
            raise BadRequest(f"workflow and {other} exclude each other")


def check_is_json(headers: Mapping[str, str]) -> None:
    """Raises UnsupportedBody where the body is said to be of another type; names of headers are in lower case."""
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and kind != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", kind):
        raise UnsupportedBody(f"The body must be application/json, not {kind}")


def json_object(body: bytes | None) -> dict[str, Any]:
    """The body as a JSON object."""
    try:
        payload = json.loads(body or b"")
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON") from None
    if not isinstance(payload, dict):
        raise BadRequest("The body must be a JSON object")
    return payload


def _env_vars(given: object) -> list[dict[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list):
        raise BadRequest("envVars must be an array of objects with key and value")
    for variable in given:
        if not isinstance(variable, dict) or set(variable) - {PROTECTED} != {"key", "value"}:
            raise BadRequest("Each of envVars must be an object with key and value")
        key, value = variable["key"], variable["value"]
        if not isinstance(key, str) or not re.fullmatch(_VARIABLE, key):
            raise BadRequest(f"{key!r} in envVars is no name of a variable")
        if not _is_text(value):
            raise BadRequest(f"The value of {key} in envVars must be a text")
        if not isinstance(variable.get(PROTECTED, False), bool):
            raise BadRequest(f"{PROTECTED} of {key} in envVars must be true or false")
        if variable.get(PROTECTED) and len(value.encode()) > LONGEST_SECRET:
            raise BadRequest(
                f"The value of {key} in envVars is longer than {LONGEST_SECRET} bytes, too long for a secret"
            )
    return given


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    if value is None:
        return ""
    if not _is_text(value):
        raise BadRequest(f"{key} must be a text")
    if len(value) > LONGEST_TEXT:
        raise BadRequest(f"{key} is longer than {LONGEST_TEXT} characters")
    return str(value)


def _is_text(value: object) -> bool:
    """Whether it can be stored and handed to bash: no NUL, no half of a character."""
    return isinstance(value, str) and "\0" not in value and not re.search(_HALF, value)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(f"{name} must be a number, not {text!r}")
    return int(text)


def _one_of(name: str, value: str, allowed: tuple[str, ...] | None) -> None:
    if allowed and value not in allowed:
        raise BadRequest(f"{name} must be one of {', '.join(allowed)}, not {value!r}")

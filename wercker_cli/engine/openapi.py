"""The description of the API in the words of OpenAPI 3.1: what routes.py answers, for programs to read."""

from typing import Any

from wercker_cli import __version__
from wercker_cli.engine import parameters
from wercker_cli.engine.routes import ROOT
from wercker_cli.engine.schemas import ID, SCHEMAS, Schema, named

_ABOUT = """\
Runs of pipelines: who looks at them, triggers them, aborts them.

Reading what is public needs no token; triggering and aborting always need one. What a token does not show is a 404.
An unknown query parameter is ignored, an unknown key of a payload refused. `POST /runs/` is `POST /runs`.
GET answers carry a weak ETag: with it in `If-None-Match` an answer that has not changed is a 304 without a body.
"""

_REFUSALS = {
    "400": "Something in the query or the payload; the message says what",
    "401": "No token, or one that is not known",
    "403": "The token may only read",
    "404": "There is no such thing, or it is not to be seen with this token",
    "503": "Too much is being done; Retry-After tells when to ask again",
}
_TOKEN: list[Schema] = [{"bearer": []}]
_TOKEN_OR_NONE: list[Schema] = [*_TOKEN, {}]
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_TEXT = {"type": "string"}
_UNCHANGED = {"description": "It is as it was: see If-None-Match"}


def document(base: str) -> dict[str, Any]:
    """The whole description, of an API whose root has that URL."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wercker runs API", "version": __version__, "description": _ABOUT},
        "servers": [{"url": base}],
        "paths": {**_PATHS, "/healthz": {"get": {**_HEALTH, "servers": [{"url": base.removesuffix(ROOT)}]}}},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "wercker server token"}},
        },
    }


def _operation(
    name: str,
    about: str,
    answers: Schema,
    *parameters_: Schema,
    refusals: tuple[str, ...] = ("400", "401", "404"),
    security: list[Schema] = _TOKEN_OR_NONE,
    **more: object,
) -> Schema:
    """One method of a path; refusals that any of them can give, a 405 say, are the default answer."""
    refused = {status: _json(_REFUSALS[status], "Error") for status in refusals}
    return {
        "operationId": name,
        "summary": about,
        "parameters": [*parameters_],
        "responses": {**answers, **refused, "default": _json("Any other refusal", "Error")},
        "security": security,
        **more,
    }


def _json(about: str, name: str, *, many: bool = False, links: Schema | None = None) -> Schema:
    schema = {"type": "array", "items": named(name)} if many else named(name)
    answer = {"description": about, "content": {"application/json": {"schema": schema}}}
    return {**answer, "links": links} if links else answer


def _found(name: str, *, many: bool = False, links: Schema | None = None) -> Schema:
    """The answers of a GET."""
    about = f"Each is a {name}" if many else f"A {name}"
    return {"200": _json(about, name, many=many, links=links), "304": _UNCHANGED}


def _links(part: str, pointer: str, *operations: str) -> Schema:
    """Where the id at that place of an answer leads to, as a part of a path."""
    parameters_ = {part: f"$response.body#{pointer}"}
    return {name: {"operationId": name, "parameters": parameters_} for name in operations}


def _file(kind: str) -> Schema:
    """The answers of a GET of bytes."""
    content = {kind: {"schema": {"type": "string"}}}
    return {
        "200": {"description": "All of it", "content": content},
        "206": {"description": "The range that was asked for", "content": content},
        "304": _UNCHANGED,
        "416": _json("It has no such bytes; Content-Range tells its length", "Error"),
    }


def _query(name: str, about: str, schema: Schema = _TEXT) -> Schema:
    return {"name": name, "in": "query", "description": about, "schema": schema}


def _header(name: str, about: str) -> Schema:
    return {"name": name, "in": "header", "description": about, "schema": _TEXT}


def _part(name: str, schema: Schema = _TEXT) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


_STEP_LINKS = _links("step", "/0/id", "getStep", "getLog", "getStepArtifacts")
_KNOWN = _header("If-None-Match", "The ETag of the answer that is there already")
_RANGE = _header("Range", "bytes=FIRST-LAST, bytes=FIRST- or bytes=-COUNT; anything else is ignored")
_RUN, _STEP = _part("run", ID), _part("step", ID)
_OWNER, _NAME = _part("owner"), _part("name")
_PAGE = (
    _query("limit", "So many at most", {**_NUMBER, "minimum": 1, "maximum": parameters.MAX_LIMIT, "default": 20}),
    _query("skip", "Without the first so many", {**_NUMBER, "default": 0}),
)
_RUN_FILTERS = (
    _query("applicationId", "Runs of that application; this or pipelineId has to be there"),
    _query("pipelineId", "Runs of that pipeline"),
    _query("status", "Runs that are so far", {"type": "string", "enum": [*parameters.STATUSES]}),
    _query("result", "Runs that ended so", {"type": "string", "enum": [*parameters.RESULTS]}),
    _query("branch", "Runs of that branch"),
    _query("tag", "Runs of that tag"),
    _query("commit", "Runs of the commits whose hash begins so", {"type": "string", "pattern": "^[0-9a-fA-F]{4,64}$"}),
    _query("sourceRun", "Runs that start from that run"),
    _query("author", "Runs that this user triggered"),
    _query("sort", "The order", {"type": "string", "enum": [*parameters.SORTS], "default": "creationDateDesc"}),
)

_PATHS: dict[str, Schema] = {
    "/runs": {
        "get": _operation(
            "listRuns",
            "The runs of an application or a pipeline",
            _found("Run", many=True, links=_links("run", "/0/id", "getRun", "listSteps", "getArtifact")),
            *_RUN_FILTERS,
            *_PAGE,
            _KNOWN,
        ),
        "post": _operation(
            "triggerRun",
            "A new run, which waits for a worker",
            {"200": _json("The new run", "RunInFull", links=_links("run", "/id", "getRun", "listSteps", "abortRun"))},
            refusals=("400", "401", "403", "404", "503"),
            security=_TOKEN,
            requestBody={"required": True, "content": {"application/json": {"schema": named("Trigger")}}},
        ),
    },
    "/runs/{run}": {"get": _operation("getRun", "One run", _found("RunInFull"), _RUN, _KNOWN)},
    "/runs/{run}/steps": {
        "get": _operation(
            "listSteps",
            "The steps of a run, in order",
            _found("Step", many=True, links=_STEP_LINKS),
            _RUN,
            _KNOWN,
        )
    },
    "/runs/{run}/abort": {
        "put": _operation(
            "abortRun",
            "Ends a run, with all that it started; one that has finished stays as it is",
            {"200": _json("The run, when nothing of it is alive any more", "RunInFull")},
            _RUN,
            refusals=("401", "403", "404"),
            security=_TOKEN,
        )
    },
    "/runs/{run}/artifact": {
        "get": _operation(
            "getArtifact",
            "What a run that passed left, as an archive",
            _file("application/gzip"),
            _RUN,
            _RANGE,
            _KNOWN,
            refusals=("400", "401", "404", "503"),
        )
    },
    "/runsteps/{step}": {"get": _operation("getStep", "One step", _found("StepInFull"), _STEP, _KNOWN)},
    "/runsteps/{step}/log": {
        "get": _operation(
            "getLog",
            "What a step has printed so far; protected values are masked",
            _file("text/plain"),
            _STEP,
            _RANGE,
            _KNOWN,
        )
    },
    "/runsteps/{step}/artifacts": {
        "get": _operation(
            "getStepArtifacts",
            "What a step left in WERCKER_REPORT_ARTIFACTS_DIR, as an archive",
            _file("application/gzip"),
            _STEP,
            _RANGE,
            _KNOWN,
        )
    },
    "/applications/{owner}": {
        "get": _operation(
            "listApplications", "The applications of an owner", _found("Application", many=True), _OWNER, _KNOWN
        )
    },
    "/applications/{owner}/{name}": {
        "get": _operation("getApplication", "One application", _found("Application"), _OWNER, _NAME, _KNOWN)
    },
    "/applications/{owner}/{name}/pipelines": {
        "get": _operation(
            "listPipelines",
            "The pipelines of an application",
            _found("Pipeline", many=True),
            _OWNER,
            _NAME,
            *_PAGE,
            _KNOWN,
        )
    },
    "/openapi.json": {
        "get": _operation(
            "getDescription",
            "This description",
            {
                "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}},
                "304": _UNCHANGED,
            },
            _KNOWN,
            refusals=(),
            security=[],
        )
    },
}

_HEALTH = _operation(
    "getHealth",
    "Whether runs can be kept, and somebody takes those that wait; of a server only",
    {"200": _json("It is well", "Health"), "503": _json("It is not; the message says why", "Error")},
    refusals=(),
    security=[],
)

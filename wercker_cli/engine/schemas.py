"""The JSON Schema of every object that the API takes or gives, as objects.py writes and parameters.py reads them."""

from typing import Any

from wercker_cli.engine import parameters

Schema = dict[str, Any]

_PROGRESS = {"type": "integer", "minimum": 0, "maximum": 100}
_ORDER = {"type": "integer", "minimum": 1}
_HASH = "^[0-9a-f]{4,64}$"
_NO_NUL: Schema = {"not": {"type": "string", "pattern": r"\u0000"}}


def _object(required: Schema, optional: Schema | None = None, **more: object) -> Schema:
    """An object; keys that it does not name may be in it, as clients have to expect new ones."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": [*required], **more}


def _text(about: str = "", **more: object) -> Schema:
    return {"type": "string", **({"description": about} if about else {}), **more}


def _one_of(values: tuple[str, ...], about: str = "") -> Schema:
    return _text(about, enum=[*values])


def _uri(about: str = "") -> Schema:
    return _text(about, format="uri")


def named(name: str) -> Schema:
    """A reference to the schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _left_out(about: str, **more: object) -> Schema:
    """A text of a payload; null and the empty text are as good as none."""
    limits = more or {**_NO_NUL, "maxLength": parameters.LONGEST_TEXT}
    return {"type": ["string", "null"], "description": about, **limits}


def _given(*names: str) -> Schema:
    """What has texts of those names that are not left out."""
    return {"required": [*names], "properties": {name: {"type": "string", "minLength": 1} for name in names}}


ID = {"type": "string", "pattern": "^[0-9a-f]{24}$", "description": "The first 8 digits are the time of creation."}
_TIME = {"type": "string", "format": "date-time", "description": "UTC, with milliseconds"}
_PERMISSIONS = _one_of(("public", "private"))
_RESULT = _one_of(parameters.RESULTS, "`unknown` until it has finished")
_STEP_STATUS = _one_of(("notstarted", "running", "finished"))

_RUN = {
    "id": ID,
    "url": _uri(),
    "branch": _text(),
    "commitHash": _text(pattern=_HASH),
    "createdAt": _TIME,
    "message": _text("Of the trigger, or of the commit: any text, of several lines even"),
    "progress": _PROGRESS,
    "result": _RESULT,
    "status": _one_of(parameters.STATUSES),
    "user": named("User"),
    "pipeline": named("Pipeline"),
    "application": _object({"id": ID, "url": _uri(), "name": _text(), "owner": named("User")}),
}
_RUN_AT_TIMES = {
    "tag": _text("Where the run is of a tag"),
    "startedAt": _TIME,
    "finishedAt": _TIME,
    "workflow": _object(
        {
            "id": ID,
            "name": _text(),
            "pipeline": _text("The name in the workflow that the run goes by"),
            "inputs": {"type": "array", "items": _object({"folder": _text("Empty for the checkout"), "run": ID})},
            "envFile": {"type": ["string", "null"], "description": "The file of variables that it names there"},
        },
        description="The workflow that this run is a part of",
    ),
    "sourceRun": _object(
        {"id": ID, "url": _uri()},
        {"result": _RESULT},
        description="The run that this one starts from; without a result where that is not kept any more",
    ),
}
_RUN_IN_FULL = {
    "envVars": {"type": "array", "items": named("Variable")},
    "commits": {"type": "array", "items": {"type": "object"}},
}
_STEP = {
    "id": ID,
    "url": _uri(),
    "artifactsUrl": {"type": ["string", "null"], "format": "uri", "description": "Null unless it left some"},
    "createdAt": _TIME,
    "logUrl": _uri(),
    "order": _ORDER,
    "result": _RESULT,
    "status": _STEP_STATUS,
}
_STEP_AT_TIMES = {
    "startedAt": _TIME,
    "finishedAt": _TIME,
    "step": _text("The name of one that every run begins with"),
    "displayName": _text("The name of any other"),
    "phase": _one_of(("mainSteps", "finalSteps"), "Where `displayName` is; final ones are the after-steps"),
    "message": _text("Why it failed"),
}
_EITHER_NAME = [{"required": ["step"]}, {"required": ["displayName", "phase"]}]

_TRIGGER = {
    "pipelineId": _left_out("The pipeline to run"),
    "sourceRunId": _left_out("A run that passed, whose artifact this one starts from"),
    "branch": _left_out("The default branch, where it is left out"),
    "tag": _left_out("In place of `branch`"),
    "commitHash": _left_out("The newest, where it is left out; needs `branch`", pattern="^([0-9a-fA-F]{4,64})?$"),
    "message": _left_out("That of the commit, where it is left out"),
    "envVars": {"type": ["array", "null"], "items": named("NewVariable")},
    "applicationId": _left_out("Whose workflow it is"),
    "workflow": _left_out("The name of a workflow to start, in place of a pipeline"),
}

SCHEMAS: dict[str, Schema] = {
    "Run": _object(_RUN, _RUN_AT_TIMES, description="A run, as lists show it"),
    "RunInFull": _object({**_RUN, **_RUN_IN_FULL}, _RUN_AT_TIMES, description="A run, with its variables"),
    "Step": _object(_STEP, _STEP_AT_TIMES, oneOf=_EITHER_NAME),
    "StepInFull": _object(
        {**_STEP, "run": named("Run"), "project": _RUN["application"]},
        _STEP_AT_TIMES,
        oneOf=_EITHER_NAME,
        description="A step, with its run and its application",
    ),
    "Application": _object(
        {
            "id": ID,
            "url": _uri(),
            "name": _text(),
            "owner": named("User"),
            "createdAt": _TIME,
            "updatedAt": _TIME,
            "privacy": _PERMISSIONS,
            "stack": {"type": "integer"},
            "scm": _object(
                {"type": {"const": "git"}, "owner": _text(), "repository": _text(), "domain": _text()},
                description="Of the git remote; empty texts where there is none",
            ),
        }
    ),
    "Pipeline": _object(
        {
            "id": ID,
            "url": _uri(),
            "createdAt": _TIME,
            "name": _text(),
            "permissions": _PERMISSIONS,
            "pipelineName": _text(),
            "setScmProviderStatus": {"type": "boolean"},
            "type": {"const": "git"},
        }
    ),
    "User": _object(
        {
            "meta": _object({"username": _text("What `author` filters on"), "werckerEmployee": {"type": "boolean"}}),
            "userId": ID,
            "avatar": _object({"gravatar": _text(pattern="^[0-9a-f]{32}$")}),
            "name": _text(),
            "type": {"const": "wercker"},
        }
    ),
    "Variable": _object(
        {"key": _text(), "value": {"type": ["string", "null"], "description": "Null where it is protected"}},
        {"protected": {"type": "boolean"}},
    ),
    "NewVariable": _object(
        {"key": _text(pattern="^[A-Za-z_][A-Za-z0-9_]*$"), "value": _text(**_NO_NUL)},
        {"protected": {"type": "boolean", "description": "Its value is shown nowhere, and masked in logs"}},
        additionalProperties=False,
    ),
    "Trigger": _object(
        {},
        _TRIGGER,
        anyOf=[_given("pipelineId"), _given("applicationId", "workflow")],
        allOf=[
            {"if": _given("commitHash"), "then": _given("branch")},
            {"not": _given("branch", "tag")},
            {"not": _given("workflow", "pipelineId")},
            {"not": _given("workflow", "sourceRunId")},
        ],
        additionalProperties=False,
        description="What to run: a pipeline, or a workflow of an application",
    ),
    "Health": _object({"status": {"const": "ok"}}),
    "Error": _object(
        {
            "statusCode": {"type": "integer"},
            "error": _text("The name of that status"),
            "message": _text("What is wrong"),
        }
    ),
}

"""From the names people type to the ids that the API takes."""

import re

from wercker_cli.api.client import Client, Json
from wercker_cli.errors import NotFound, Usage

_ID = r"[0-9a-f]{24}"


def is_id(text: str) -> bool:
    """Whether this has the form of an id: 24 lower-case hexadecimal digits."""
    return re.fullmatch(_ID, text) is not None


def application_id(api: Client, application: str) -> str:
    """The id of an application given as an id or as OWNER/NAME; raises NotFound with the names that exist."""
    if "/" not in application:
        return application
    owner, name = application.split("/", 1)
    try:
        return api.id_of(api.application(owner, name))
    except NotFound as error:
        known = _names(api, owner)
        raise NotFound(error.message, hint=f"applications of {owner}: {', '.join(known)}" if known else None) from None


def pipeline_id(api: Client, pipeline: str, application: str | None) -> str:
    """The id of a pipeline given as an id or, within an application, as a name; raises NotFound with the names."""
    if is_id(pipeline):
        return pipeline
    if not application:
        raise Usage(
            f"{pipeline!r} is the name of a pipeline, and names are known within an application only",
            hint="name it with --application OWNER/NAME, or give the pipeline's id (24 hexadecimal digits)",
        )
    owner, name = owner_and_name(api, application)
    known: list[Json] = list(api.pipelines(owner, name))
    for candidate in known:
        if candidate.get("name") == pipeline:
            return api.id_of(candidate)
    names = ", ".join(str(candidate.get("name")) for candidate in known) or "none"
    raise NotFound(f"no pipeline {pipeline!r} in {owner}/{name} on {api.name}", hint=f"pipelines there: {names}")


def owner_and_name(api: Client, application: str) -> tuple[str, str]:
    """The two names of an application given as an id or as OWNER/NAME."""
    owner, slash, name = application.partition("/")
    if slash:
        return owner, name
    for run in api.runs([("applicationId", application)], limit=1):  # only runs say whose an application's id is
        found = run.get("application")
        if isinstance(found, dict) and isinstance(found.get("owner"), dict):
            return str(found["owner"].get("name")), str(found.get("name"))
    raise NotFound(
        f"{api.name} does not say what application {application} is called",
        hint="name it with --application OWNER/NAME",
    )


def _names(api: Client, owner: str) -> list[str]:
    try:
        return [f"{owner}/{application.get('name')}" for application in api.applications(owner)]
    except NotFound:
        return []

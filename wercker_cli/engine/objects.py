"""The store's rows as the objects of the API: every field that its text shows, in its spelling and its order."""

import json
import time
import zlib
from functools import lru_cache
from typing import Any

from wercker_cli.engine.store import Row
from wercker_cli.engine.workflow_runs import env_file

Json = dict[str, Any]

BASE = "wercker://local/api/v3"  # the root of the API's URLs, where no server has an address


def run_object(row: Row, base: str, *, whole: bool) -> Json:
    """A run; `whole` with what only GET /runs/:run, the trigger and the abort show (`envVars`, `commits`)."""
    run: Json = {
        "id": row["id"],
        "url": f"{base}/runs/{row['id']}",
        "branch": row["branch"],
        "commitHash": row["commit_hash"],
        "createdAt": rfc3339(row["created_at"]),
    }
    if row["tag"]:
        run["tag"] = row["tag"]
    if whole:
        run["envVars"] = json.loads(row["env_vars"])
    if row["finished_at"] is not None:
        run["finishedAt"] = rfc3339(row["finished_at"])
    run["message"] = row["message"]
    if whole:
        run["commits"] = []
    run |= {"progress": row["progress"], "result": row["result"]}
    if row["started_at"] is not None:
        run["startedAt"] = rfc3339(row["started_at"])
    run |= {
        "status": row["status"],
        "user": user_object(row["author"]),
        "pipeline": pipeline_object(
            row["pipeline"], row["pipeline_name"], row["pipeline_created_at"], row["public"], base
        ),
        "application": {
            "id": row["application"],
            "url": f"{base}/applications/{row['application_owner']}/{row['application_name']}",
            "name": row["application_name"],
            "owner": user_object(row["application_owner"]),
        },
    }
    if row["workflow"]:
        run["workflow"] = {
            "id": row["workflow"],
            "name": row["workflow_name"],
            "pipeline": row["node"],
            "inputs": [{"folder": folder, "run": source} for folder, source in json.loads(row["inputs"])],
            "envFile": env_file(row) or None,
        }
    if row["source_run"]:
        run["sourceRun"] = {"id": row["source_run"], "url": f"{base}/runs/{row['source_run']}"}
        if row["source_result"]:  # it may have been pruned
            run["sourceRun"]["result"] = row["source_result"]
    return run


def step_object(row: Row, base: str, *, left_artifacts: bool) -> Json:
    """A step; the internal ones are named by `step`, the others by `displayName` and their `phase`."""
    url = f"{base}/runsteps/{row['id']}"
    artifacts = f"{url}/artifacts" if left_artifacts else None
    step: Json = {"id": row["id"], "url": url, "artifactsUrl": artifacts, "createdAt": rfc3339(row["created_at"])}
    if row["finished_at"] is not None:
        step["finishedAt"] = rfc3339(row["finished_at"])
    step |= {"logUrl": f"{url}/log", "order": row["position"], "result": row["result"]}
    if row["started_at"] is not None:
        step["startedAt"] = rfc3339(row["started_at"])
    step["status"] = row["status"]
    step |= {"displayName": row["name"], "phase": row["phase"]} if row["phase"] else {"step": row["name"]}
    if row["message"]:
        step["message"] = row["message"]
    return step


def application_object(row: Row, scm: tuple[str, str, str], base: str) -> Json:
    """An application; `scm` is the domain, the owner and the repository of its remote, '' for one without."""
    domain, owner, repository = scm
    return {
        "id": row["id"],
        "url": f"{base}/applications/{row['owner']}/{row['name']}",
        "name": row["name"],
        "owner": user_object(row["owner"]),
        "createdAt": rfc3339(row["created_at"]),
        "updatedAt": rfc3339(row["updated_at"]),
        "privacy": _permissions(row["public"]),
        "stack": 6,
        "scm": {"type": "git", "owner": owner, "repository": repository, "domain": domain},
    }


def pipeline_object(pipeline: str, name: str, created_at: int, public: int, base: str) -> Json:
    """A pipeline."""
    return {
        "id": pipeline,
        "url": f"{base}/pipelines/{pipeline}",
        "createdAt": rfc3339(created_at),
        "name": name,
        "permissions": _permissions(public),
        "pipelineName": name,
        "setScmProviderStatus": False,
        "type": "git",
    }


def user_object(username: str) -> Json:
    """The person or owner of that name; ids are drawn from the name, as there are no accounts."""
    digest = _hex(username)
    return {
        "meta": {"username": username, "werckerEmployee": False},
        "userId": digest[:24],
        "avatar": {"gravatar": digest},
        "name": username,
        "type": "wercker",
    }


def rfc3339(milliseconds: int) -> str:
    """A time as the API writes it: UTC, with milliseconds."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_to_the_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=1000)  # the steps of a run share a few
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _permissions(public: int) -> str:
    return "public" if public else "private"


def _hex(name: str) -> str:
    """32 hexadecimal digits that are always the same for the same name."""
    data = name.encode()
    return "".join(f"{zlib.crc32(bytes([salt]) + data):08x}" for salt in range(4))

"""Reading the server's JSON: whatever it holds, nothing here raises."""

from wercker_cli.output.columns import Json


def pick(value: object, path: str) -> object:
    """What is at a dotted path, None where there is nothing; in a list, what each of its items has there."""
    for number, key in enumerate(parts := path.split(".")):
        if isinstance(value, list):
            rest = ".".join(parts[number:])
            return [pick(item, rest) for item in value]
        value = value.get(key) if isinstance(value, dict) else None
    return value


def get(item: Json, path: str) -> str:
    """What is at a dotted path as text; "" for what is missing, null, or no single value."""
    value: object = item
    for key in path.split("."):
        if not isinstance(value, dict):
            return ""
        value = value.get(key)
    return as_text(value)


def as_text(value: object) -> str:
    """A single value as text; "" for null, lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def objects(value: object) -> list[Json]:
    """The objects in a list; none where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

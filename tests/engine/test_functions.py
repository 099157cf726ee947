"""No function is longer than what can be read at one look."""

import ast
from pathlib import Path
from typing import Final

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "voltrail"
LONGEST: Final = 40

EXCEPTIONS: Final[dict[str, str]] = {}
"""Functions that may be longer, each with its reason."""


def long_functions() -> dict[str, int]:
    """Return the functions that are too long, with their lines without docstring."""
    found = {}
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            assert node.end_lineno is not None
            lines = node.end_lineno - first.lineno + 1
            if lines > LONGEST:
                found[f"{path.relative_to(INTEGRATION)}:{node.name}"] = lines
    return found


def test_functions_can_be_read_at_one_look() -> None:
    """What is longer is split, or stands in the list of exceptions with its reason."""
    assert long_functions().keys() == EXCEPTIONS.keys()

"""How commands answer: tables for people, JSON on one line for scripts."""

from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

console = Console(highlight=False)
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for scripts.")]


def show_json(content: Any) -> None:
    """One line, readable by any JSON parser."""
    typer.echo(orjson.dumps(content, default=str).decode())

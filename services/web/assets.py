"""Styles and scripts: our own, and the few files of the npm packages that pages need; nothing from outside."""

import re
from functools import cache
from mimetypes import guess_type
from pathlib import Path

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

OWN = Path(__file__).parent / "static"
NODE_MODULES = Path(__file__).parents[2] / "node_modules"
_NHSUK = NODE_MODULES / "nhsuk-frontend/dist/nhsuk"

FILES: dict[str, Path] = {
    "wellheard.css": OWN / "wellheard.css",
    "wellheard.js": OWN / "wellheard.js",
    "mark.svg": OWN / "mark.svg",
    "icons.svg": OWN / "icons.svg",
    "nhsuk-frontend.min.css": _NHSUK / "nhsuk-frontend.min.css",
    "nhsuk-frontend.min.js": _NHSUK / "nhsuk-frontend.min.js",
    "htmx.min.js": NODE_MODULES / "htmx.org/dist/htmx.min.js",
}


class Assets:
    """Serves exactly the files of `FILES`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = FILES.get(str(scope["path"]).rpartition("/assets/")[2])
        if path is None or not path.is_file():
            raise HTTPException(404)
        content = await anyio.to_thread.run_sync(_read, path, path.stat().st_mtime)
        headers = {"Cache-Control": "public, max-age=3600"}
        await Response(content, headers=headers, media_type=guess_type(path)[0])(scope, receive, send)


@cache
def _read(path: Path, changed_at: float) -> bytes:
    # The package fetches a font from another body's host, and only that body may use it.
    return re.sub(rb"@font-face\{[^}]*\}", b"", path.read_bytes()) if path.suffix == ".css" else path.read_bytes()

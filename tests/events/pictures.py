"""Pictures as cameras write them: with the place and the time at which they were taken."""

from io import BytesIO
from zlib import compress, crc32

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PLACE = b"51.5033,-0.1276"
CAMERA = "Fictional Camera 3000"
_GPS, _LATITUDE, _LONGITUDE = 0x8825, 2, 4
_MAKE, _ORIENTATION, _COMMENT = 0x010F, 0x0112, 0x9286


def a_jpeg(size: tuple[int, int] = (40, 30)) -> bytes:
    """Nothing but a picture: red, with a blue corner at the top left."""
    return _saved(_picture(size), "JPEG")


def a_photograph(kind: str = "JPEG", size: tuple[int, int] = (40, 30), orientation: int = 1) -> bytes:
    """With EXIF that says where, with what and how it was held; and, where the format has it, XMP and a comment."""
    exif = Image.Exif()
    exif[_MAKE], exif[_ORIENTATION], exif[_COMMENT] = CAMERA, orientation, PLACE
    exif.get_ifd(_GPS).update({_LATITUDE: (51.0, 30.0, 12.0), _LONGITUDE: (0.0, 7.0, 39.0)})
    more: dict[str, object] = {"exif": exif.tobytes()}
    if kind == "JPEG":
        more |= {"comment": PLACE, "xmp": b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>"}
    if kind == "PNG":
        notes = PngInfo()
        notes.add_text("Comment", PLACE.decode())
        more["pnginfo"] = notes
    if kind == "WEBP":
        more |= {"xmp": b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>", "lossless": True}
    return _saved(_picture(size), kind, **more)


def a_bomb(side: int) -> bytes:
    """A PNG of a few bytes that says that it is `side` points wide and high."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + crc32(name + content).to_bytes(4)

    head = side.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", compress(bytes(1000))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _picture(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 4, size[1] // 4))
    return picture


def _saved(picture: Image.Image, kind: str, **more: object) -> bytes:
    content = BytesIO()
    picture.save(content, kind, **more)
    return content.getvalue()

"""Images, sound and films."""

from typing import Any

from tests.browser.vectors.vector import MARKETING, Vector, code, markup

SVG = "http://www.w3.org/2000/svg"


def image(id: str, attribute: str, **about: Any) -> Vector:
    """Give an <img> of the page, that its owner tags by one attribute."""
    return markup(
        id,
        f'<img {attribute}="$URL/a.gif" alt="">',
        "request a.gif",
        tagged=f'<img data-consent="$PURPOSE" data-{attribute}="$URL/a.gif" alt="">',
        **about,
    )


VECTORS: list[Vector] = [
    image("image", "src"),
    image("image-srcset", "srcset", purpose=MARKETING),
    markup("image-lazy", '<img loading="lazy" src="$URL/a.gif" alt="">', "request a.gif"),
    markup(
        "image-srcset-second",
        '<img srcset="/else/$RUN/none/a.gif 1w, $URL/a.gif 4000w" sizes="3000px" alt="">',
        "request a.gif",
        purpose=MARKETING,
    ),
    markup(
        "picture-source",
        '<picture><source srcset="$URL/a.gif"><img src="/else/$RUN/none/a.gif" alt=""></picture>',
        "request a.gif",
    ),
    code("image-srcset-property", "const e = new Image(); window.$ID = e; e.srcset = '$URL/a.gif'", "request a.gif"),
    markup("input-image", '<input type="image" src="$URL/a.gif" alt="">', "request a.gif", purpose=MARKETING),
    code(
        "input-image-created",
        "const e = document.createElement('input'); e.type = 'image'; e.src = '$URL/a.gif'; document.body.append(e)",
        "request a.gif",
    ),
    markup(
        "svg-image",
        '<svg width="1" height="1"><image href="$URL/a.gif" width="1" height="1"/></svg>',
        "request a.gif",
        purpose=MARKETING,
    ),
    markup(
        "svg-image-xlink",
        '<svg width="1" height="1"><image xlink:href="$URL/a.gif" width="1" height="1"/></svg>',
        "request a.gif",
    ),
    code(
        "svg-image-created",
        f"const s = document.createElementNS('{SVG}', 'svg'); const e = document.createElementNS('{SVG}', 'image');"
        " e.setAttribute('href', '$URL/a.gif'); s.append(e); document.body.append(s)",
        "request a.gif",
        purpose=MARKETING,
    ),
    code(
        "svg-image-base-value",
        f"const s = document.createElementNS('{SVG}', 'svg'); const e = document.createElementNS('{SVG}', 'image');"
        " e.href.baseVal = '$URL/a.gif'; s.append(e); document.body.append(s)",
        "request a.gif",
    ),
    markup("video", '<video src="$URL/a.mp4" preload="auto"></video>', "request a.mp4", purpose=MARKETING),
    markup("video-poster", '<video poster="$URL/a.gif" preload="none"></video>', "request a.gif"),
    markup(
        "video-source", '<video preload="auto"><source src="$URL/a.mp4"></video>', "request a.mp4", purpose=MARKETING
    ),
    code(
        "video-poster-property",
        "const v = document.createElement('video'); v.poster = '$URL/a.gif'; document.body.append(v)",
        "request a.gif",
    ),
    markup("audio", '<audio src="$URL/a.mp3" preload="auto"></audio>', "request a.mp3", purpose=MARKETING),
    code(
        "audio-constructor", "window.$ID = new Audio('$URL/a.mp3'); $ID.preload = 'auto'; $ID.load()", "request a.mp3"
    ),
    code(
        "audio-source-property",
        "const a = new Audio(); window.$ID = a; a.preload = 'auto'; a.src = '$URL/a.mp3'",
        "request a.mp3",
        purpose=MARKETING,
    ),
    markup(
        "track",
        '<video preload="none" crossorigin><track default kind="captions" src="$URL/a.vtt"></video>',
        "request a.vtt",
    ),
    markup("table-background", '<table background="$URL/a.gif"><tr><td>x</table>', "request a.gif", purpose=MARKETING),
    code(
        "canvas-by-bitmap",
        "fetch('$URL/a.gif').then(r => r.blob()).then(createImageBitmap).catch(() => 0)",
        "request a.gif",
        again=True,
    ),
]

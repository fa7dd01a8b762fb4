"""The words that the sample's names, prompts and tags are made of."""

from collections.abc import Mapping, Sequence
from typing import Final

PLACES: Final[Sequence[str]] = (
    "on a windswept hill",
    "deep in an enchanted valley",
    "at the edge of the world",
    "in the morning mist",
    "under a starry sky",
    "beside a quiet lake",
    "in the ruins of an old city",
    "guarded by a knight",
    "near a dragon's lair",
    "in front of a ruined castle",
    "at the market of a floating town",
    "among the clouds",
)
LIGHTS: Final[Sequence[str]] = (
    "soft rim light",
    "golden hour",
    "moody fog",
    "volumetric light",
    "flat studio light",
    "dramatic shadows",
    "",
)
NEGATIVES: Final[Sequence[str]] = (
    "blurry, low quality, watermark",
    "text, signature, cropped",
    "extra limbs, deformed",
)
STYLES: Final[Mapping[str, str]] = {
    "pixel-art": "pixel art",
    "watercolor": "watercolor",
    "isometric": "isometric view",
    "low-poly": "low poly",
    "concept-art": "concept art",
    "cel-shaded": "cel shaded",
    "hand-painted": "hand painted",
    "vector": "flat vector style",
}
GENRES: Final[Mapping[str, Sequence[str]]] = {
    "character": ("knight", "dragon", "robot", "ghost", "cat"),
    "environment": ("castle", "forest", "mountain", "moon", "tower", "ship", "planet", "spaceship"),
    "item": (
        *("potion", "sword", "shield", "chest", "mushroom", "crystal", "skull", "crown", "coin", "book"),
        *("key", "lantern", "axe"),
    ),
}
GENRE_OF: Final[Mapping[str, str]] = {
    subject: genre for genre, subjects in GENRES.items() for subject in subjects
}
SIZES: Final[Mapping[str, Sequence[tuple[int, int]]]] = {
    "1:1": ((256, 256), (512, 512), (768, 768), (1024, 1024)),
    "16:9": ((640, 360), (1024, 576)),
    "9:16": ((360, 640), (576, 1024)),
    "4:3": ((640, 480), (1024, 768)),
    "3:4": ((480, 640), (768, 1024)),
    "3:2": ((768, 512),),
    "2:3": ((512, 768),),
}
# Each kind of asset with its share of the sample, its mime types and the operations that make it.
ASSET_KINDS: Final[Mapping[str, tuple[int, Sequence[str], Sequence[str]]]] = {
    "image": (
        66,
        ("image/png", "image/png", "image/jpeg", "image/webp"),
        (
            *("inference-txt2img", "inference-txt2img", "txt2img", "img2img", "inference-img2img", "upscale"),
            *("background-removal", "canvas", "texture-albedo", "uploaded", "generative-fill"),
        ),
    ),
    "video": (9, ("video/mp4", "video/webm"), ("txt2video", "img2video", "uploaded-video")),
    "3d": (7, ("model/gltf-binary", "model/fbx"), ("img23d", "txt23d", "uploaded-3d")),
    "audio": (6, ("audio/mpeg", "audio/wav"), ("txt2audio", "uploaded-audio")),
    "image-hdr": (3, ("image/x-exr", "image/vnd.radiance"), ("skybox-hdri", "skybox-base-360")),
    "text": (4, ("text/plain", "text/markdown"), ("txt2txt", "img2txt", "uploaded-text")),
    "json": (2, ("application/json",), ("detection", "unknown")),
    "document": (3, ("application/pdf",), ("uploaded", "unknown")),
}
NSFW: Final[Sequence[str]] = ("violence", "suggestive", "alcohol", "explicit_nudity")
SCHEDULERS: Final[Sequence[str]] = ("EulerAncestralDiscreteScheduler", "DDIMScheduler", "LCMScheduler")
MODEL_TYPES: Final[Sequence[str]] = (
    *("flux.1-lora", "flux.1-lora", "flux.1-kontext-lora", "flux.2-dev-lora", "qwen-image-lora"),
    *("zimage-lora", "flux.1", "gpt-image-1", "custom", "elevenlabs-voice"),
)
BASE_MODELS: Final[Sequence[str]] = ("flux.1-dev", "flux.2-dev", "qwen-image", "zimage-turbo")
SOURCES: Final[Sequence[str]] = (
    "training",
    "training",
    "other",
    "scenario",
    "civitai",
    "huggingface",
    "import",
)
CAPABILITIES: Final[Sequence[Sequence[str]]] = (
    ("txt2img", "img2img"),
    ("txt2img", "img2img", "inpaint", "controlnet"),
    ("txt2img", "reference"),
    ("img2img", "outpaint"),
    ("txt2video", "img2video"),
    ("txt23d", "img23d"),
)
TASKS: Final[Sequence[tuple[str, str]]] = (
    ("turnaround sheet", "Draws the {} from four sides on one sheet."),
    ("upscale and sharpen", "Enlarges a picture of a {} four times and sharpens its edges."),
    ("background removal", "Cuts the {} out and gives it a transparent background."),
    ("style transfer", "Repaints a {} in the style of a reference picture."),
    ("texture set", "Makes albedo, normal and roughness maps for a {}."),
    ("animated loop", "Turns a still {} into a looping video of four seconds."),
)
COMPLIANCE: Final[Sequence[Mapping[str, str]]] = (
    {"subProcessor": "replicate", "modelProvider": "Black Forest Labs", "maintainer": "scenario"},
    {"subProcessor": "fal", "modelProvider": "Alibaba", "maintainer": "scenario"},
    {"subProcessor": "openai", "modelProvider": "OpenAI", "maintainer": "OpenAI"},
)

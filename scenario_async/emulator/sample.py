"""The sample library: a game studio's assets, models and workflows, and public ones of other studios.

Everything follows from the seed. Texts, tags and pictures of a record tell of the same subject, so that
searches by word and by picture give what a person would expect.
"""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from itertools import cycle, islice
from random import Random
from typing import Any, Final, TypeAlias

from scenario_async.emulator import vocabulary
from scenario_async.emulator.attributes import Kind
from scenario_async.emulator.subjects import PALETTES, SUBJECTS

Row: TypeAlias = dict[str, Any]

DEFAULT_PROJECT: Final = "proj_emulator"
"""Whose library it is, unless one is named: the project of the emulator's own key."""

FIRST_DAY: Final = datetime(2024, 6, 1, tzinfo=UTC)
SECONDS: Final = 730 * 24 * 3600
_STARS: Final = ("knight", "castle", "dragon")


def sample_records(seed: int, assets: int) -> Mapping[Kind, list[Row]]:
    """Make the records of the sample; the first asset belongs to the studio whose library it is.

    Seven in ten of the assets are the studio's own.
    """
    foreign = assets * 3 // 10
    own = _Studio(
        f"own {seed}",
        projects=[DEFAULT_PROJECT],
        privacies=("private", "private", "private", "unlisted", "public"),
    )
    others = _Studio(f"others {seed}", projects=["proj_1st", "proj_2nd", "proj_3rd"], privacies=("public",))
    made = (
        own.records(assets=assets - foreign, models=64, workflows=26),
        others.records(assets=foreign, models=28, workflows=9),
    )
    return {kind: [row for records in made for row in records[kind]] for kind in made[0]}


class _Studio:
    """Who makes records: its team, projects, people and collections, and its dice."""

    def __init__(self, seed: str, *, projects: Sequence[str], privacies: Sequence[str]) -> None:
        self._random = Random(seed)  # noqa: S311 - a sample, not a secret
        self._team = self._id("team")
        self._projects = projects
        self._authors = [self._id("user") for _ in range(7)]
        self._collections = [self._id("collection") for _ in range(9)]
        self._privacies = privacies

    def records(self, *, assets: int, models: int, workflows: int) -> Mapping[Kind, list[Row]]:
        model_rows = [self._model(subject) for subject in islice(_subjects(), models)]
        asset_rows = [
            self._asset(subject, kind, self._random.choice(model_rows))
            for subject, kind in zip(islice(_subjects(), assets), self._kinds(assets), strict=True)
        ]
        gallery = _gallery(asset_rows)
        for row in model_rows:
            examples = gallery[row["tags"][0]]
            row["exampleAssetIds"] = [asset["id"] for asset in examples[: self._random.randrange(5)]]
            if self._chance(0.9):
                row["thumbnail"] = _shown(self._random.choice(examples))
        workflow_rows = [
            self._workflow(subject, task, gallery)
            for subject, task in zip(islice(_subjects(), workflows), cycle(vocabulary.TASKS), strict=False)
        ]
        return {"assets": asset_rows, "models": model_rows, "workflows": workflow_rows}

    def _asset(self, subject: str, kind: str, model: Row) -> Row:
        random, id_ = self._random, self._id("asset")
        _, mime_types, types = vocabulary.ASSET_KINDS[kind]
        palette, style = random.choice(list(PALETTES)), random.choice(list(vocabulary.STYLES))
        metadata: Row = {
            "kind": kind,
            "type": random.choice(types),
            "size": random.randrange(20_000, 4_000_000),
        }
        if kind in {"image", "video", "image-hdr"}:
            ratio = random.choice(list(vocabulary.SIZES))
            width, height = random.choice(vocabulary.SIZES[ratio])
            metadata |= {"aspectRatio": ratio, "width": width, "height": height}
        if self._chance(0.7):
            metadata["name"] = f"{palette} {subject} {random.randrange(1, 200):03}".title()
        made = not metadata["type"].startswith(("uploaded", "unknown", "canvas"))
        if made:
            metadata |= self._generation(subject, palette, vocabulary.STYLES[style], model)
        wide = metadata.get("width", 0) > metadata.get("height", 0)
        tags = [subject, palette, style, vocabulary.GENRE_OF[subject], *(["landscape"] if wide else [])]
        row = self._row(id_) | {
            "metadata": metadata,
            "mimeType": random.choice(mime_types),
            "nsfw": random.sample(vocabulary.NSFW, random.choice((1, 1, 2))) if self._chance(0.08) else [],
            "tags": tags[: random.randrange(len(tags) + 1)] if made else tags[:1],
            "url": address_of("assets-transform", id_),
        }
        if self._chance(0.5):
            row["description"] = f"{_a(palette)} {subject} {self._place(subject)}.".capitalize()
        return row | self._extras(kind, subject, palette, metadata)

    def _generation(self, subject: str, palette: str, style: str, model: Row) -> Row:
        random = self._random
        scene = f"{_a(palette)} {subject} {self._place(subject)}"
        made: Row = {
            "prompt": ", ".join(filter(None, (scene, style, random.choice(vocabulary.LIGHTS)))),
            "modelId": model["id"],
            "modelType": model["type"],
            "baseModelId": random.choice(vocabulary.BASE_MODELS),
            "parentJobId": self._id("job"),
            "seed": str(random.randrange(2**32)),
            "numInferenceSteps": random.choice((4, 20, 28, 30, 50)),
            "guidance": random.choice((1, 3.5, 5, 7.5)),
        }
        if self._chance(0.4):
            made["negativePrompt"] = random.choice(vocabulary.NEGATIVES)
            made["negativePromptStrength"] = random.choice((0.5, 1))
        if self._chance(0.5):
            made["scheduler"] = random.choice(vocabulary.SCHEDULERS)
        return made

    def _extras(self, kind: str, subject: str, palette: str, metadata: Row) -> Row:
        """Give what only some kinds have; `metadata` is added to."""
        extras: Row = {}
        if kind in {"video", "3d", "audio", "image-hdr"}:
            thumbnail = self._id("asset")
            metadata["thumbnail"] = {"assetId": thumbnail}
            extras["thumbnail"] = {"assetId": thumbnail, "url": address_of("assets-transform", thumbnail)}
        if kind == "audio":
            metadata["text"] = f"Once upon a time there was a {palette} {subject}."
            extras["transcription"] = metadata["text"]
        if kind == "text":
            extras["content"] = f"The tale of the {palette} {subject}, and how it came to its end."
        return extras

    def _model(self, subject: str) -> Row:
        random = self._random
        style = random.choice(list(vocabulary.STYLES))
        row = self._row(self._id("model")) | {
            "name": f"{style.replace('-', ' ')} {subject}s".title(),
            "shortDescription": f"Makes every {subject} in {vocabulary.STYLES[style]}.",
            "type": random.choice(vocabulary.MODEL_TYPES),
            "source": random.choice(vocabulary.SOURCES),
            "capabilities": list(random.choice(vocabulary.CAPABILITIES)),
            "concepts": [{"modelId": self._id("model")} for _ in range(random.choice((0, 0, 1, 2)))],
            "tags": [subject, style, vocabulary.GENRE_OF[subject]][: random.randrange(1, 4)],
            "trainingImagesNumber": random.choice((0, 8, 12, 15, 20, 24, 40, 75)),
            "complianceMetadata": dict(random.choice(vocabulary.COMPLIANCE)),
        }
        if self._chance(0.4):
            row["parentModelId"] = self._id("model")
        return row

    def _workflow(self, subject: str, task: tuple[str, str], gallery: Mapping[str, Sequence[Row]]) -> Row:
        random, (title, description) = self._random, task
        examples = gallery[subject]
        row = self._row(self._id("workflow")) | {
            "name": f"{subject} {title}".capitalize(),
            "description": description.format(subject) + " Give it one picture and a prompt.",
            "status": random.choice(("ready", "ready", "ready", "draft", "deleted")),
            "tags": [subject, *title.split()[:1]],
        }
        if self._chance(0.7):
            row["shortDescription"] = description.format(subject)
        if self._chance(0.8):
            row["thumbnail"] = _shown(random.choice(examples))
        if self._chance(0.6):
            row |= {"before": _shown(random.choice(examples)), "after": _shown(random.choice(examples))}
        return row

    def _row(self, id_: str) -> Row:
        """Give what every record has."""
        random = self._random
        created = FIRST_DAY + timedelta(
            seconds=random.randrange(SECONDS), milliseconds=random.randrange(1000)
        )
        updated = created + timedelta(hours=random.choice((0, 0, 1, 30, 400)))
        row: Row = {
            "id": id_,
            "authorId": random.choice(self._authors),
            "collectionIds": random.sample(self._collections, random.choice((0, 0, 1, 2))),
            "createdAt": _timestamp(created),
            "updatedAt": _timestamp(updated),
            "ownerId": random.choice(self._projects),
            "teamId": self._team,
            "privacy": random.choice(self._privacies),
        }
        if self._chance(0.85):
            row["score"] = round(random.random(), 4)
        return row

    def _place(self, subject: str) -> str:
        return self._random.choice([place for place in vocabulary.PLACES if subject not in place])

    def _kinds(self, number: int) -> Sequence[str]:
        kinds = list(vocabulary.ASSET_KINDS)
        shares = [share for share, _, _ in vocabulary.ASSET_KINDS.values()]
        return kinds + self._random.choices(kinds, shares, k=number - len(kinds))

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{urlsafe_b64encode(self._random.randbytes(17)).decode()[:22]}"

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


def _gallery(assets: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    """Sort the images by subject; a subject without one has them all."""
    images = [
        (subject, row)
        for subject, row in zip(_subjects(), assets, strict=False)
        if row["metadata"]["kind"] == "image"
    ]
    return {
        subject: [row for shown, row in images if shown == subject] or [row for _, row in images]
        for subject in SUBJECTS
    }


def _subjects() -> Iterator[str]:
    """Name subjects for ever, the popular ones more often."""
    return cycle((*_STARS, *SUBJECTS))


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _shown(asset: Row) -> Row:
    return {"assetId": asset["id"], "url": asset["url"]}


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def address_of(folder: str, asset_id: str) -> str:
    """Give the address of an asset's picture, with a query like that of a signed URL: nothing ever checks it."""
    policy = f'{{"Statement":[{{"Resource":"https://cdn.example/{folder}/{asset_id}?p=100*"}}]}}'
    signature = b64encode(sha512(asset_id.encode()).digest() * 4, b"-~").decode().replace("=", "_")
    encoded = b64encode(policy.encode(), b"-~").decode().replace("=", "_")
    return f"/{folder}/{asset_id}?p=100&Policy={encoded}&Signature={signature}&Key-Pair-Id=K2EMULATOR0000"

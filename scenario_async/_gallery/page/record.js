// A hit as the page knows it: whatever its class, it has a caption, a kind, a picture or a reason for none.

const SEARCHED = [
  "id", "name", "description", "shortDescription", "content", "transcription", "type", "source", "status",
];
const SEARCHED_METADATA = [
  "prompt", "negativePrompt", "name", "text", "kind", "type", "modelId", "baseModelId", "seed",
];

// A hit may have fields that nobody knows yet, of any shape.
const isText = (value) => typeof value === "string" && value !== "";
const listOf = (value) => (Array.isArray(value) ? value : []);

class HitRecord {
  constructor(hit, index, look, what) {
    const metadata = hit.metadata ?? {};
    this.hit = hit;
    this.index = index;
    this.id = hit.id;
    this.what = what;
    this.kind = metadata.kind ?? (what === "asset" ? "other" : what);
    this.prompt = metadata.prompt ?? "";
    this.title = [this.prompt, metadata.name, hit.name, metadata.text, hit.description, hit.id].find(isText);
    this.caption = oneLine(this.title);
    this.width = Number(metadata.width ?? 0);
    this.height = Number(metadata.height ?? 0);
    this.created = Date.parse(hit.createdAt);
    this.missing = typeof look === "string" ? look : "";
    this.shown = typeof look === "string" ? null : look;
    this._searched = null;
  }

  // How wide it is for its height.
  get aspect() {
    const [width, height] = this.shown ?? [1, 1];
    return Math.min(2.4, Math.max(0.5, width / height));
  }

  get searched() {
    if (this._searched === null) {
      const { hit } = this;
      const metadata = hit.metadata ?? {};
      const texts = [
        ...SEARCHED.map((name) => hit[name]),
        ...SEARCHED_METADATA.map((name) => metadata[name]),
        ...listOf(hit.tags),
        ...listOf(hit.capabilities),
      ];
      this._searched = fold(texts.filter(isText).join("\n"));
    }
    return this._searched;
  }
}

// What stands beside a picture: names and values, in an order in which people look for them.
const LABELS = {
  id: "Id", kind: "Kind", prompt: "Prompt", negativePrompt: "Negative prompt", name: "Name", text: "Text",
  description: "Description", shortDescription: "Description", type: "Type", status: "Status", source: "Source",
  capabilities: "Capabilities", modelId: "Model", baseModelId: "Base model", parentModelId: "Parent model",
  modelType: "Model type", pixels: "Pixels", aspectRatio: "Aspect ratio", size: "Size", mimeType: "File type",
  seed: "Seed", guidance: "Guidance", numInferenceSteps: "Steps", scheduler: "Scheduler",
  negativePromptStrength: "Negative strength", trainingImagesNumber: "Training images", concepts: "Concepts",
  exampleAssetIds: "Examples", tags: "Tags", nsfw: "Flags", privacy: "Privacy", createdAt: "Created",
  updatedAt: "Updated", score: "Score", transcription: "Transcription", content: "Content",
  collectionIds: "Collections", parentJobId: "Job", authorId: "Author", ownerId: "Owner", teamId: "Team",
};
const LONG = new Set([
  "prompt", "negativePrompt", "text", "description", "shortDescription", "transcription", "content",
]);
// Identifiers are read letter by letter.
const kindOfText = (name) => (/^id$|Ids?$/.test(name) ? "code" : "");
const LEFT_OUT = new Set(["metadata", "url", "thumbnail", "before", "after", "width", "height"]);

function detailsOf(record) {
  const { hit, width, height } = record;
  const all = { ...hit, ...(hit.metadata ?? {}) };
  if (width && height) all.pixels = `${width} × ${height}`;
  const names = new Set([...Object.keys(LABELS), ...Object.keys(all)]);
  const details = [];
  for (const name of names) {
    const value = worded(name, all[name]);
    if (LEFT_OUT.has(name) || value === "") continue;
    details.push({ name, label: labelOf(name), value });
  }
  return details;
}

function labelOf(name) {
  return Object.hasOwn(LABELS, name) ? LABELS[name] : oneLine(name, 40);
}

function worded(name, value) {
  if (value === null || value === undefined) return "";
  if (name === "size" && typeof value === "number") return bytes(value);
  if (name === "score" && typeof value === "number") return value.toFixed(3);
  if (name === "createdAt" || name === "updatedAt") {
    const moment = Date.parse(value);
    return Number.isNaN(moment) ? String(value) : `${MOMENTS.format(moment)} UTC`;
  }
  if (name === "concepts" && Array.isArray(value)) {
    return value.map((each) => each?.modelId ?? worded("", each)).join(", ");
  }
  if (Array.isArray(value)) return value.map((each) => worded("", each)).join(", ");
  if (typeof value === "object") return jsonOf(value);
  return String(value);
}

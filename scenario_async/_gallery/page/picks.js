// Pictures that the reader has picked: copied as ids, JSON or prompts, compared, or shown alone.

class Picks {
  constructor(bar, source, state, comparison) {
    this._bar = bar;
    this._source = source;
    this._state = state;
    const on = (id, listener) => byId(id).addEventListener("click", listener);
    on("picks-ids", () => copy(this.records().map(({ id }) => id).join("\n"), "Ids"));
    on("picks-json", () => copy(jsonOf(this.records().map(({ hit }) => hit), 2), "JSON"));
    on("picks-prompts", () => copy(this._prompts().join("\n\n"), "Prompts"));
    on("picks-compare", () => comparison.open());
    on("picks-only", () => state.changed((each) => {
      each.onlyPicks = !each.onlyPicks;
    }));
    on("picks-clear", () => state.changed((each) => {
      each.picks.clear();
      each.onlyPicks = false;
    }));
  }

  show() {
    const number = this.records().length;
    // Whoever stands on a button that goes away goes back to the pictures.
    if (!number && this._bar.contains(document.activeElement)) byId("query").focus();
    this._bar.hidden = !number;
    byId("picks-count").textContent = `${NUMBERS.format(number)} picked`;
    byId("picks-compare").disabled = number < 2;
    byId("picks-compare").title = number > 2 ? "The two that were picked last" : "";
    byId("picks-only").setAttribute("aria-pressed", String(this._state.onlyPicks));
    byId("picks-prompts").disabled = !this._prompts().length;
  }

  records() {
    return [...this._state.picks].map((id) => this._source.find(id)).filter(Boolean);
  }

  _prompts() {
    return this.records().map(({ prompt }) => prompt).filter(Boolean);
  }
}

async function copy(text, what) {
  let copied = false;
  try {
    await navigator.clipboard.writeText(text);
    copied = true;
  } catch {
    copied = copiedByHand(text);
  }
  say(copied ? `${what} copied` : "This browser does not let the page copy");
}

function copiedByHand(text) {
  const before = document.activeElement;
  const place = document.querySelector("dialog[open]") ?? document.body;
  const field = make("textarea", { value: text, className: "unseen", "aria-hidden": "true" });
  place.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  before?.focus();
  return copied;
}

let silence = 0;

function say(words) {
  const place = byId("toast");
  // A dialog lies over everything but what is in it.
  (document.querySelector("dialog[open]") ?? document.body).append(place);
  place.textContent = words;
  place.classList.add("seen");
  clearTimeout(silence);
  silence = setTimeout(() => place.classList.remove("seen"), 2500);
}

// Hits from the service: asked for when the state asks for others, page by page, a predecessor called off.

const PAUSE_IN_TYPING = 220;
// With so few requests left, letters no longer search by themselves.
const SPARE = 10;
const ANSWERS_KEPT = 40;
const ANSWERS_LAST = 5 * 60_000;
const SLOW = 700;
const REFRESH = 5000;
const FIRST_RETRY = 1000;
const LONGEST_RETRY = 30_000;

class LiveSource {
  constructor(about, server) {
    this.server = server;
    this.settings = about;
    this.kinds = new Map(about.kinds.map((each) => [each.what, each]));
    this.sorts = { found: "Best match", newest: SORTS.newest, oldest: SORTS.oldest };
    const names = about.kinds.flatMap(({ parameters }) => parameters.map(({ name }) => name));
    this.kept = [...new Set(["in", "filter", "like", "unlike", ...names])];
    this.what = "asset";
    this.records = [];
    this.filter = "";
    this.quota = null;
    this.trouble = null;
    this._listeners = [];
    this._seen = new Map([...this.kinds.keys()].map((what) => [what, new Map()]));
    this._values = new Map([...this.kinds.keys()].map((what) => [what, new Map()]));
    this._answers = new Map();
    this._missing = new Set();
    this._tries = 0;
    window.addEventListener("online", () => this.again());
  }

  get about() {
    const all = this.records.length;
    const note = all && !this._next && all % this.settings.window === 0
      ? `The service shows the first ${NUMBERS.format(all)} ${this.what}s only: narrow the search to see others.` : "";
    return { title: this.settings.title, what: this.what, note };
  }

  get kind() {
    return this.kinds.get(this.what);
  }

  // Whether there is more than what is loaded.
  get goesOn() {
    return Boolean(this._next);
  }

  get busy() {
    return Boolean(this._running) || Boolean(this._waiting);
  }

  listen(listener) {
    this._listeners.push(listener);
  }

  tell() {
    for (const listener of this._listeners) listener();
  }

  // What the state asks for, as the explorer takes it.
  question(state) {
    const given = Object.fromEntries(
      this.kept.filter((name) => !["in", "like", "unlike"].includes(name) && state.asked[name].length)
        .map((name) => [name, state.asked[name]]),
    );
    const facets = Object.fromEntries(
      Object.entries(state.facets).filter(([, chosen]) => chosen.size).map(([name, chosen]) => [name, [...chosen]]),
    );
    const { like, unlike } = state.asked;
    const what = this.kinds.has(state.asked.in[0]) ? state.asked.in[0] : "asset";
    return { what, query: state.query.trim(), sort: state.sort, facets, given, like, unlike };
  }

  view(state) {
    const question = this.question(state);
    const key = JSON.stringify(question);
    if (key !== this._key) this._turnTo(question, key);
    this._fetchUnknown(state);
    const picked = () => [...state.picks].map((id) => this.find(id)).filter(Boolean);
    return { view: state.onlyPicks ? picked() : this.records, counts: this._counts(state) };
  }

  status(shown) {
    const all = this.records.length;
    const { what } = this;
    if (shown !== all) return `${NUMBERS.format(shown)} picked`;
    if (this._held) return `Press Enter to search: ${count(this._left(), "request")} left in this minute`;
    if (!all) return this.busy ? "Searching …" : this.trouble ? "" : count(0, what);
    if (!this._next) return count(all, what);
    return `${NUMBERS.format(all)} of about ${count(Math.max(this._total ?? 0, all), what)}`;
  }

  nothing() {
    return this.busy || this.trouble || this._held ? "" : `No ${this.what}s were found.`;
  }

  find(id) {
    return this._seen.get(this.what).get(id) ?? null;
  }

  // The order in which the hits came, where another one than that of the service was asked for.
  sort(state) {
    const chosen = Object.hasOwn(this.sorts, state.sort) ? state.sort : "found";
    return chosen === "found" ? this._sort ?? chosen : chosen;
  }

  picture(record) {
    return record.shown ? `thumbnail/${encodeURIComponent(record.id)}` : "";
  }

  large(record) {
    return record.kind === "image" && record.shown ? `large/${encodeURIComponent(record.id)}` : "";
  }

  async explain(record) {
    const answer = await this.server.ask("reason", { id: record.id });
    record.missing = answer?.reason ?? "failed";
    return record.missing;
  }

  // Search now, whatever was waited for.
  now() {
    if (!this._waiting && !this._held) return;
    clearTimeout(this._waiting);
    this._waiting = 0;
    this._held = false;
    void this._first();
  }

  // Try again what failed.
  again() {
    if (!this.trouble) return;
    clearTimeout(this._retry);
    this._retry = 0;
    if (this._failedMore) void this.more(true);
    else void this._first();
  }

  _left() {
    return this.quota ? this.quota.of - this.quota.used : SPARE;
  }

  _turnTo(question, key) {
    const typed = this._question && JSON.stringify({ ...this._question, query: "" }) === JSON.stringify({ ...question, query: "" });
    const other = question.what !== this.what;
    this._key = key;
    this._question = question;
    this._callOff();
    if (other) {
      this.what = question.what;
      this.records = [];
      this._next = null;
    }
    const kept = this._answers.get(key);
    if (kept && Date.now() - kept.at < ANSWERS_LAST) {
      Object.assign(this, {
        records: kept.records, filter: kept.filter, trouble: null, _next: kept.next, _total: kept.total, _ids: kept.ids,
        _sort: kept.sort,
      });
      return;
    }
    this._held = Boolean(typed) && this.quota !== null && this._left() < SPARE;
    if (this._held) return;
    // Whoever is told of this view is not to be told of another one meanwhile.
    this._waiting = setTimeout(() => {
      this._waiting = 0;
      void this._first();
    }, typed ? PAUSE_IN_TYPING : 0);
  }

  _callOff() {
    clearTimeout(this._waiting);
    clearTimeout(this._retry);
    clearInterval(this._watch);
    this._waiting = this._retry = this._tries = 0;
    this._held = this._failedMore = false;
    this._running?.abort();
    this._running = null;
  }

  async _first() {
    const answer = await this._asked(null);
    if (!answer) return;
    this._failedMore = false;
    if (!answer.error) {
      this.records = [];
      this._ids = new Set();
      this._take(answer);
    }
    this.tell();
  }

  // Ask for what follows; told when the reader comes near the end.
  async more(again = false) {
    if (!this._next || this.busy || (this.trouble && !again)) return;
    const answer = await this._asked(this._next);
    if (!answer) return;
    this._failedMore = Boolean(answer.error);
    if (!answer.error) this._take(answer);
    this.tell();
  }

  async _asked(next) {
    const running = new AbortController();
    this._running?.abort();
    this._running = running;
    const slow = setTimeout(() => this._watchQuota(running), SLOW);
    this.tell();
    const answer = await this.server.ask("search", { ...this._question, next }, running.signal);
    clearTimeout(slow);
    if (running !== this._running || !answer) return null;
    clearInterval(this._watch);
    this._running = null;
    this._setQuota(answer.quota);
    this.trouble = answer.error ?? null;
    if (!this.trouble) this._tries = 0;
    else if (this.trouble.retryable) this._retryLater();
    return answer;
  }

  _retryLater() {
    const asked = (this.trouble.wait ?? 0) * 1000;
    const pause = Math.max(asked, Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this._tries));
    this._tries += 1;
    this._retry = setTimeout(() => this.again(), pause);
  }

  // Requests that were made count for a minute: tell how many are left, also while nothing is asked.
  _setQuota(quota) {
    if (quota) this.quota = quota;
    clearTimeout(this._refresh);
    if (!this.quota?.used) return;
    this._refresh = setTimeout(async () => {
      if (this.busy || document.hidden) return void this._setQuota(null);
      const answer = await this.server.ask("quota", {});
      if (!answer?.quota) return;
      this._setQuota(answer.quota);
      this.tell();
    }, REFRESH);
  }

  // While a search waits, tell what it waits for.
  _watchQuota(running) {
    const look = async () => {
      const answer = await this.server.ask("quota", {}, running.signal);
      if (running !== this._running || !answer?.quota) return;
      this._setQuota(answer.quota);
      this.tell();
    };
    clearInterval(this._watch);
    this._watch = setInterval(look, 1000);
    void look();
  }

  _take({ hits, next, total, filter, sort }) {
    const fresh = hits.filter(({ hit }) => !this._ids.has(hit.id));
    const records = fresh.map(({ hit, look }, place) => this._recordOf(hit, look, this.records.length + place));
    for (const { id } of records) this._ids.add(id);
    this.records = [...this.records, ...records];
    this._next = next && hits.length ? next : null;
    this._total = total;
    this.filter = filter;
    this._sort = sort;
    this._keepAnswer();
  }

  _recordOf(hit, look, index) {
    const record = new HitRecord(hit, index, look, this.what);
    prepareFacets([record]);
    this._seen.get(this.what).set(hit.id, record);
    for (const [name, values] of Object.entries(record.facets)) {
      const known = this._values.get(this.what);
      if (!known.has(name)) known.set(name, new Set());
      values.forEach((each) => known.get(name).add(each));
    }
    return record;
  }

  _keepAnswer() {
    this._answers.delete(this._key);
    this._answers.set(this._key, {
      at: Date.now(), records: this.records, ids: this._ids, next: this._next, total: this._total, filter: this.filter,
      sort: this._sort,
    });
    if (this._answers.size > ANSWERS_KEPT) this._answers.delete(this._answers.keys().next().value);
  }

  // How often a value occurs in what is loaded; those that occurred before can be chosen as well.
  _counts(state) {
    const known = this._values.get(this.what);
    const counts = Object.fromEntries(
      FACETS.map(({ name }) => [name, new Map([...(known.get(name) ?? [])].map((value) => [value, null]))]),
    );
    for (const { name } of FACETS) {
      for (const value of state.facets[name]) if (!counts[name].has(value)) counts[name].set(value, null);
    }
    for (const record of this.records) {
      for (const { name } of FACETS) {
        for (const value of record.facets[name]) counts[name].set(value, (counts[name].get(value) ?? 0) + 1);
      }
    }
    return counts;
  }

  // After a reload, picks and the open picture may belong to another page of hits: the explorer remembers them.
  _fetchUnknown(state) {
    const ids = [...state.picks, state.open].filter((id) => id && !this.find(id) && !this._missing.has(`${this.what} ${id}`));
    if (!ids.length) return;
    ids.forEach((id) => this._missing.add(`${this.what} ${id}`));
    void this.server.ask("hits", { what: this.what, ids }).then((answer) => {
      for (const { hit, look } of answer?.hits ?? []) if (!this.find(hit.id)) this._recordOf(hit, look, this.records.length);
      if (answer?.hits?.length) this.tell();
    });
  }
}

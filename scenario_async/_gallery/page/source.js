// Where hits and their pictures come from. This one has them in the page; another may ask for them over HTTP.
//
// A source has `about` (title, what, note), `records`, and `picture(record)`, which gives an address to show, or "".

const MISSING = {
  none: "No picture",
  expired: "Address has expired",
  gone: "Not found any more",
  refused: "Refused by its host",
  broken: "File is damaged",
  large: "Too large to show",
  failed: "Could not be fetched",
  unloaded: "Not loaded",
};

class EmbeddedSource {
  constructor(page) {
    const data = JSON.parse(page.getElementById("hits").textContent);
    this.about = data.about;
    this.records = data.hits.map((hit, index) => new HitRecord(hit, index, data.looks[index], data.about.what));
    this._folder = data.about.folder;
    this._blocks = [...page.querySelectorAll("script.pictures")];
    this._size = data.about.block;
    this._read = new Map();
  }

  picture(record) {
    if (!record.shown) return "";
    if (this._folder) return `${encodeURIComponent(this._folder)}/${String(record.index).padStart(6, "0")}.webp`;
    return `data:image/webp;base64,${this._block(record.index)[record.index % this._size]}`;
  }

  // Pictures are read block by block, when one of them is to be seen.
  _block(index) {
    const number = Math.floor(index / this._size);
    if (!this._read.has(number)) this._read.set(number, JSON.parse(this._blocks[number].textContent));
    return this._read.get(number);
  }
}

// Texts of hits are data: shown as they are, with what cannot be seen made visible, and never as markup.

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function visible(text) {
  return text.replace(CONTROLS, (each) => {
    const code = each.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : "\u2421";
  });
}

// One line, for captions and labels: no character in it changes the direction of what stands around it.
function oneLine(text, most = 120) {
  const plain = visible(text.slice(0, 4 * most).replace(BIDI, "").replace(/\s+/g, " ").trim());
  const letters = [...plain];
  return letters.length > most || text.length > 4 * most ? `${letters.slice(0, most).join("")}…` : plain;
}

// What two texts have in common if they are the same words: without case, accents and other forms of letters.
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

// JSON as it came, also with integers that a number of this language would change; those stay BigInts.
const LONG_INTEGER = /[:,[]\s*-?\d{16}/;

function parsed(text) {
  if (!JSON.rawJSON || !LONG_INTEGER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value, { source }) => (
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value
  ));
}

function jsonOf(value, indent) {
  return JSON.stringify(value, (_, each) => (typeof each === "bigint" ? JSON.rawJSON(String(each)) : each), indent);
}

const NUMBERS = new Intl.NumberFormat("en");
const MONTHS = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const MOMENTS = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

function count(number, one, many = `${one}s`) {
  return `${NUMBERS.format(number)} ${number === 1 ? one : many}`;
}

function bytes(number) {
  const units = ["bytes", "KB", "MB", "GB"];
  let power = 0;
  while (number >= 1000 && power < units.length - 1) {
    number /= 1000;
    power += 1;
  }
  return `${number.toLocaleString("en", { maximumFractionDigits: power ? 1 : 0 })} ${units[power]}`;
}

// Make an element. A property that starts with `on` is a listener, one with `-` an attribute, `data` is its dataset.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((each) => each !== null && each !== undefined));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

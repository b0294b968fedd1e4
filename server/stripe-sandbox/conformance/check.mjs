// Checks a record of the sandbox against the schema: every request's parameters, every answer, every
// event. Usage: node check.mjs SCHEMA RECORD…
import { readFileSync } from "node:fs";
import Ajv from "ajv";

const [schemaFile, ...records] = process.argv.slice(2);
const { definitions, objects, requests } = JSON.parse(readFileSync(schemaFile, "utf8"));
const options = { strict: false, allErrors: false };
const exact = new Ajv(options);
const loose = new Ajv({ ...options, coerceTypes: true });

const compiled = (ajv, schemas) =>
  Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      let validate;
      return [name, (value) => {
        validate ??= ajv.compile({ definitions, ...schema });
        return validate(value) ? null : ajv.errorsText(validate.errors);
      }];
    }),
  );
const answers = compiled(exact, objects);
const asked = compiled(loose, requests);

const seen = { requests: 0, answers: 0, events: 0, unchecked: new Set() };
const wrong = [];
const tell = (what, error) => error && wrong.push(`${what}: ${error}`);

// A form has no lists, only numbered members.
function listed(value) {
  if (value === null || typeof value !== "object") return value;
  const keys = Object.keys(value);
  const inner = Object.fromEntries(keys.map((key) => [key, listed(value[key])]));
  return keys.length > 0 && keys.every((key) => /^\d+$/.test(key)) ? Object.values(inner) : inner;
}

function checkObject(value, where) {
  if (value?.object === "list") {
    for (const item of value.data) checkObject(item, where);
    return;
  }
  if (value?.deleted) return;
  const check = answers[value?.object];
  if (!check) {
    seen.unchecked.add(`object ${value?.object}`);
    return;
  }
  seen.answers += 1;
  tell(`${where}, ${value.object} ${value.id ?? ""}`, check(value));
  if (value.object === "event") checkObject(value.data.object, `${where}, ${value.type}`);
}

for (const record of records) {
  for (const text of readFileSync(record, "utf8").split("\n")) {
    if (!text) continue;
    const line = JSON.parse(text);
    if (line.kind === "event") {
      seen.events += 1;
      checkObject(line.body, "event");
      continue;
    }
    // What was refused may be wrong; that it was refused is what the suites check.
    if (line.status !== 200) continue;
    const place = `${line.method} ${line.path.replace(/\/[a-z]+_[A-Za-z0-9_]{10,}/g, "/*")}`;
    const where = `${line.method} ${line.path}`;
    const check = asked[place];
    if (check) {
      seen.requests += 1;
      tell(`${where}, parameters ${JSON.stringify(line.params)}`, check(listed(line.params ?? {})));
    } else if (line.method !== "GET") {
      seen.unchecked.add(`request ${place}`);
    }
    checkObject(line.body, where);
  }
}

const { requests: r, answers: a, events: e } = seen;
console.log(`${r} requests, ${a} objects and ${e} events were checked against the official declarations`);
if (seen.unchecked.size > 0) console.log(`not declared here: ${[...seen.unchecked].join(", ")}`);
if (wrong.length > 0) {
  const kinds = new Set(wrong.map((text) => text.replace(/[a-z]+_[A-Za-z0-9]{20,}/g, "…")));
  console.error([...kinds].slice(0, 30).join("\n"));
  console.error(`${wrong.length} do not fit the official declarations`);
  process.exit(1);
}
if (a === 0) {
  console.error("nothing was recorded");
  process.exit(1);
}

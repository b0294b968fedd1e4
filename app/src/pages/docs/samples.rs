//! The samples, as they are pasted. Each reads the token and the content ID from the environment, so
//! that no secret ends in a file, and none needs a library.

/// Fetches a work with curl.
pub fn fetch_with_curl(base_url: &str) -> String {
    format!(
        r#"curl --fail-with-body --dump-header headers.txt --output work.bin \
  --header "Authorization: Bearer $TOKEN" \
  --header "Imprimatur-Scope: training" \
  --header "Imprimatur-Job: run-1" \
  {base_url}/c/$CONTENT
grep -i '^imprimatur-receipt:' headers.txt"#
    )
}

/// Fetches a work with Python's own library and checks that it is the one asked for.
pub fn fetch_with_python(base_url: &str) -> String {
    format!(
        r#"import hashlib, os, urllib.error, urllib.request

request = urllib.request.Request(
    "{base_url}/c/" + os.environ["CONTENT"],
    headers={{
        "Authorization": "Bearer " + os.environ["TOKEN"],
        "Imprimatur-Scope": "training",
        "Imprimatur-Job": "run-1",
    }},
)
try:
    with urllib.request.urlopen(request) as response:
        work = response.read()
        receipt = response.headers["Imprimatur-Receipt"]
except urllib.error.HTTPError as refused:
    raise SystemExit(refused.read().decode())

assert "sha256:" + hashlib.sha256(work).hexdigest() == os.environ["CONTENT"]
print(len(work), "bytes, receipt", receipt)"#
    )
}

/// The same in JavaScript; Node 20 runs it as a module.
pub fn fetch_with_javascript(base_url: &str) -> String {
    format!(
        r#"import {{ createHash }} from 'node:crypto';

const {{ TOKEN, CONTENT }} = process.env;
const response = await fetch(`{base_url}/c/${{CONTENT}}`, {{
  headers: {{
    Authorization: `Bearer ${{TOKEN}}`,
    'Imprimatur-Scope': 'training',
    'Imprimatur-Job': 'run-1',
  }},
}});
if (!response.ok) throw new Error(await response.text());

const work = Buffer.from(await response.arrayBuffer());
const digest = createHash('sha256').update(work).digest('hex');
if (`sha256:${{digest}}` !== CONTENT) throw new Error('these are other bytes');
console.log(work.length, 'bytes, receipt', response.headers.get('imprimatur-receipt'));"#
    )
}

/// Asks without a token: what it would cost.
pub fn ask_the_price(base_url: &str) -> String {
    format!("curl --silent {base_url}/c/$CONTENT")
}

/// Checks a receipt with the published keys; Node 20 runs it as a module.
pub fn check_a_receipt(base_url: &str) -> String {
    format!(
        r#"import {{ createPublicKey, verify }} from 'node:crypto';

const [head, body, signature] = process.env.RECEIPT.trim().split('.');
const read = (part) => JSON.parse(Buffer.from(part, 'base64url'));

const {{ keys }} = await (await fetch('{base_url}/.well-known/jwks.json')).json();
const key = keys.find(({{ kid }}) => kid === read(head).kid);
const valid = key !== undefined && verify(
  null,
  Buffer.from(`${{head}}.${{body}}`),
  createPublicKey({{ key, format: 'jwk' }}),
  Buffer.from(signature, 'base64url'),
);
if (!valid) throw new Error('this receipt was not signed by the gate');
console.log('valid', read(body));"#
    )
}

/// Keeps every receipt of the token's license, a thousand at a time.
pub fn keep_receipts(base_url: &str) -> String {
    format!(
        r#"import json, os, urllib.parse, urllib.request

cursor = ""
with open("receipts.txt", "w") as kept:
    while cursor is not None:
        query = urllib.parse.urlencode({{"limit": 1000, **({{"cursor": cursor}} if cursor else {{}})}})
        request = urllib.request.Request(
            "{base_url}/receipts?" + query,
            headers={{"Authorization": "Bearer " + os.environ["TOKEN"]}},
        )
        with urllib.request.urlopen(request) as response:
            batch = json.load(response)
        kept.writelines(receipt + "\n" for receipt in batch["receipts"])
        cursor = batch.get("next")"#
    )
}

/// Comes back when the gate says so, and gives up on what waiting does not mend.
pub fn come_back(base_url: &str) -> String {
    format!(
        r#"import json, os, time, urllib.error, urllib.request

def fetch(content_id, patience=5):
    request = urllib.request.Request(
        "{base_url}/c/" + content_id,
        headers={{"Authorization": "Bearer " + os.environ["TOKEN"]}},
    )
    for _ in range(patience):
        try:
            with urllib.request.urlopen(request) as response:
                return response.read()
        except urllib.error.HTTPError as refused:
            problem = json.load(refused)
            wait = int(refused.headers.get("Retry-After", 0))
            # A quota starts again next month: that is no wait, but news for a person.
            if refused.code not in (429, 503) or not 0 < wait <= 300:
                raise SystemExit(problem["code"] + ": " + problem["detail"])
            time.sleep(wait)
    raise SystemExit("still refused: " + problem["code"])

print(len(fetch(os.environ["CONTENT"])), "bytes")"#
    )
}

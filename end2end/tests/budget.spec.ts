// What a page may cost: the weight of what the browser loads, and how long the server takes.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../harness/fixtures';
import { site } from '../harness/places';
import { tours } from '../pages';

const WEBASSEMBLY_BYTES_MAX = 150 * 1024;
/** At the median, for the page alone. What is tested is not optimized and shares the machine with the
 * browser, which costs about ten times as much; a release build is held to 20. */
const SERVER_MS_MAX = Number(process.env.PAGE_MS_MAX ?? 200);
const ASKED_TIMES = 9;

test('the WebAssembly of any page is at most 150 KB with brotli', async ({ page }) => {
  const folder = join(site, 'pkg');
  const modules = readdirSync(folder).filter((name) => name.endsWith('.wasm'));
  expect(modules.length).toBeGreaterThan(0);
  // Every page loads the same one module.
  const bytes = modules.map((name) => {
    const compressed = join(folder, `${name}.br`);
    expect(existsSync(compressed), `${name} is there with brotli`).toBe(true);
    return statSync(compressed).size;
  });
  const all = bytes.reduce((sum, each) => sum + each, 0);
  console.log(`WebAssembly: ${all} bytes with brotli`);
  expect(all).toBeLessThanOrEqual(WEBASSEMBLY_BYTES_MAX);

  const loaded: string[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.wasm')) loaded.push(response.url());
  });
  await page.goto('/', { waitUntil: 'networkidle' });
  expect(loaded.length).toBeLessThanOrEqual(modules.length);
});

test(`the server takes at most ${SERVER_MS_MAX} ms for a page, at the median`, async ({ anotherBrowser }) => {
  test.setTimeout(180_000);
  const slow: string[] = [];
  for (const { who, arrive, screens } of tours) {
    const page = await anotherBrowser();
    await arrive?.(page);
    const said: string[] = [];
    for (const { name, open, status = 200 } of screens) {
      if (typeof open !== 'string' || status !== 200) continue;
      const taken: number[] = [];
      for (let time = 0; time <= ASKED_TIMES; time += 1) {
        const started = performance.now();
        const answer = await page.request.get(open);
        // The first one warms up what is kept.
        if (time > 0) taken.push(performance.now() - started);
        await answer.dispose();
      }
      const median = taken.sort((a, b) => a - b)[Math.floor(taken.length / 2)] ?? Infinity;
      said.push(`${name} ${median.toFixed(1)}`);
      if (median > SERVER_MS_MAX) slow.push(`${name}: ${median.toFixed(1)} ms`);
    }
    if (said.length > 0) console.log(`Milliseconds, what ${who} sees: ${said.join(', ')}`);
  }
  expect(slow, 'pages that take longer').toEqual([]);
});

// Lighthouse on the five pages that matter most. The thresholds are a little under 100, because a busy
// machine makes noise; what costs points is named.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test } from '@playwright/test';
import lighthouse from 'lighthouse';
import { signIn } from '../harness/people';
import { portal } from '../harness/places';

const LEAST = { performance: 90, accessibility: 100, 'best-practices': 96, seo: 100 } as const;

const pages: { name: string; path: string; person?: string; inside?: string }[] = [
  { name: 'landing', path: '/' },
  { name: 'catalogue', path: '/catalogue' },
  { name: 'work', path: '/catalogue', inside: 'The Salt Roads' },
  { name: 'creator overview', path: '/overview', person: 'Mira Okafor' },
  { name: 'buyer overview', path: '/overview', person: 'Jonas Weber' },
];

test.describe.configure({ mode: 'serial' });

for (const { name, path, person, inside } of pages) {
  test(`Lighthouse is content with the ${name}`, async ({ launchOptions }) => {
    test.setTimeout(120_000);
    const profile = mkdtempSync(join(tmpdir(), 'imprimatur-lighthouse-'));
    const port = await freePort();
    // The whole browser, and not a context of its own: Lighthouse looks at a tab that shares its cookies.
    const browser = await chromium.launchPersistentContext(profile, {
      ...launchOptions,
      args: [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`],
      baseURL: portal,
    });
    try {
      const page = await browser.newPage();
      if (person) await signIn(page, person);
      await page.goto(path);
      if (inside) await page.getByRole('main').getByRole('link', { name: inside }).first().click();
      const address = page.url();
      const result = await lighthouse(address, {
        port,
        logLevel: 'silent',
        output: 'json',
        onlyCategories: Object.keys(LEAST),
        disableStorageReset: true,
      });
      const report = result?.lhr;
      if (!report) throw new Error('Lighthouse said nothing.');
      const scores = Object.entries(report.categories).map(([id, { score }]) => [id, Math.round((score ?? 0) * 100)] as const);
      console.log(`Lighthouse, ${name}: ${scores.map(([id, score]) => `${id} ${score}`).join(', ')}`);
      for (const [id, score] of scores) {
        const lost = (report.categories[id]?.auditRefs ?? [])
          .filter(({ weight }) => weight > 0)
          .map(({ id: audit }) => report.audits[audit])
          .filter((audit) => audit?.score !== null && (audit?.score ?? 1) < 1)
          .map((audit) => `${audit?.id} ${audit?.displayValue ?? ''}`);
        expect.soft(score, `${id} of the ${name}; points are lost by ${lost.join(', ')}`).toBeGreaterThanOrEqual(LEAST[id as keyof typeof LEAST]);
      }
    } finally {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    }
  });
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

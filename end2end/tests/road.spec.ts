// The road of one delivery, walked whole: a creator registers and offers a work, a
// buyer licenses it and creates a token, the request is pasted into a shell as it
// stands, the receipt that comes back is checked by an independent library, and
// both sides see the use. Once with JavaScript and once without.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from '@playwright/test';
import { expect, signIn, test } from '../harness/fixtures';
import { portal } from '../harness/places';
import { verifyReceipt } from '../harness/receipts';

const run = promisify(execFile);

test('the whole road of one delivery @without-javascript', async ({ browser, javaScriptEnabled }) => {
  test.setTimeout(120_000);
  const title = `Tide tables ${randomUUID()}`;
  const words = `High water at dawn.\n${randomUUID()}\n`;
  const creator = await visitor(browser, javaScriptEnabled);
  const buyer = await visitor(browser, javaScriptEnabled);

  await test.step('the creator registers the work', async () => {
    await signIn(creator, 'Mira Okafor', '/assets/new');
    await creator.getByLabel('Title').fill(title);
    await creator.getByLabel('Kind').selectOption({ label: 'Text' });
    await creator.getByLabel('File').setInputFiles({
      name: 'tides.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from(words),
    });
    await creator.getByRole('button', { name: 'Register work' }).click();
    await expect(creator.getByRole('heading', { level: 1 })).toContainText(title);
  });

  await test.step('and publishes an offer', async () => {
    await creator.goto(`${new URL(creator.url()).pathname}/offer`);
    await creator.getByRole('button', { name: 'Publish offer' }).click();
    await expect(creator.getByRole('heading', { level: 1 })).toContainText(title);
  });

  await test.step('the buyer finds it and accepts its terms', async () => {
    await signIn(buyer, 'Jonas Weber', '/catalogue');
    await buyer.getByRole('main').getByRole('link', { name: title }).first().click();
    await buyer.getByRole('link', { name: 'License Standard' }).click();
    await buyer.getByRole('checkbox', { name: /accepts these terms/ }).check();
    await buyer.getByRole('button', { name: 'Accept and license' }).click();
    await expect(buyer).toHaveURL(/\/licenses\/[^/]+/);
  });

  const request = await test.step('and creates a token', async () => {
    const license = new URL(buyer.url()).pathname.split('/').slice(0, 3).join('/');
    await buyer.goto(`${license}/tokens/new`);
    await buyer.getByLabel('Name').fill('road test');
    await buyer.getByRole('button', { name: 'Create token' }).click();
    return buyer.getByRole('region', { name: 'Request' }).innerText();
  });

  const receipt = await test.step('the pasted request fetches the bytes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imprimatur-road-'));
    try {
      // A new token reaches the gate within a second; nothing is billed meanwhile.
      await expect(async () => {
        await run('bash', ['-c', request], { cwd: folder });
      }).toPass({ timeout: 5_000 });
      const work = (await readdir(folder)).find((name) => name !== 'headers.txt');
      expect(await readFile(join(folder, work ?? ''), 'utf8')).toBe(words);
      const headers = await readFile(join(folder, 'headers.txt'), 'utf8');
      return /^imprimatur-receipt: (\S+)/im.exec(headers)?.[1] ?? '';
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const claims = await verifyReceipt(receipt);
  expect(claims.bytes).toBe(Buffer.byteLength(words));
  expect(claims.scope).toBe('training');
  const broken = receipt.replace(/.(.)$/, (_, last: string) => `${last === 'A' ? 'B' : 'A'}${last}`);
  await expect(verifyReceipt(broken)).rejects.toThrow();

  for (const [side, page] of [['creator', creator], ['buyer', buyer]] as const) {
    await test.step(`the ${side} sees the use`, async () => {
      await expect(async () => {
        await page.goto('/feed');
        await expect(page.getByRole('main').getByText(title).first()).toBeVisible({ timeout: 500 });
      }).toPass({ timeout: 15_000 });
      await page.goto(`/feed/${String(claims.receipt_id)}`);
      await expect(page.getByText('The signature is valid')).toBeVisible();
      await expect(page.getByText(receipt)).toBeVisible();
    });
  }
});

test('the gate says no in words a machine understands', async ({ request }) => {
  const content = `/c/sha256:${'0'.repeat(64)}`;
  const missing = await request.get(content);
  expect(missing.status()).toBe(401);
  expect(missing.headers()['content-type']).toContain('application/problem+json');
  expect((await missing.json()).code).toBe('missing_token');
  for (const secret of [`sk_test_${'0'.repeat(64)}`, 'nonsense']) {
    const unknown = await request.get(content, { headers: { authorization: `Bearer ${secret}` } });
    expect(unknown.status()).toBe(403);
    expect((await unknown.json()).code).toBe('invalid_token');
  }
});

async function visitor(browser: Browser, javaScriptEnabled: boolean): Promise<Page> {
  const context = await browser.newContext({ baseURL: portal, javaScriptEnabled });
  return context.newPage();
}

// What a buyer's machines meet at the gate, set up by hands on the pages: the end of a
// quota under each policy, a spend cap, a rotated token, and the ways HTTP has of asking
// for less than the whole.
import { createHash, randomBytes } from 'node:crypto';
import type { APIResponse, Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { arrive, choose, unused } from '../harness/people';
import { verifyReceipt } from '../harness/receipts';

const EVERY_PARAGRAPH = 'All of it is for rent, and none of it for sale.\n';

interface Work {
  title: string;
  contentId: string;
  bytes: Buffer;
}

test('each policy does its own at the end of the quota, and a cap stops the spending', async ({ page, anotherBrowser }) => {
  test.setTimeout(90_000);
  const buyer = await anotherBrowser();
  await arrive(page, unused('Ivo Marsh'), unused('Marsh Papers'), ['Creator']);
  await arrive(buyer, unused('Ana Prieto'), unused('Prieto Models'), ['Buyer']);

  await test.step('stops', async () => {
    const work = await offered(page, 'Stop until the next month');
    const { ask } = await licensed(buyer, work);
    await until(ask('job-1'), 200);
    expect((await ask('job-2')()).status()).toBe(200);
    const repeated = await ask('job-2')();
    expect(repeated.status(), 'what was paid for is delivered again').toBe(200);
    expect(await verifyReceipt(repeated.headers()['imprimatur-receipt'] ?? '')).toMatchObject({ free_reason: 'repeat' });
    const refused = await ask('job-3')();
    expect(refused.status()).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'quota_exceeded' });
    expect(Number(refused.headers()['retry-after'])).toBeGreaterThan(0);
  });

  await test.step('charges for more, up to the cap', async () => {
    const work = await offered(page, 'Charge for more');
    const { ask, license } = await licensed(buyer, work);
    for (const job of ['job-1', 'job-2']) await until(ask(job), 200);
    await buyer.goto(license);
    await buyer.getByLabel('Spend cap').fill('100');
    await buyer.getByRole('button', { name: 'Set the cap' }).click();
    await expect(buyer.getByText('Deliveries that would cost more than $100.00 in a month are refused.')).toBeVisible();
    const refused = await until(ask('job-3'), 429);
    expect(await refused.json()).toMatchObject({ code: 'spend_cap_reached' });
    expect((await ask('job-2')()).status(), 'a repeat costs nothing').toBe(200);
    await buyer.getByLabel('Spend cap').fill('105');
    await buyer.getByRole('button', { name: 'Set the cap' }).click();
    await expect(buyer.getByText('more than $105.00 in a month')).toBeVisible();
    await until(ask('job-3'), 200);
    // The third unit began a thousand, and the fourth is one of them.
    expect((await ask('job-4')()).status()).toBe(200);
  });

  await test.step('moves to the larger tier', async () => {
    const work = await offered(page, 'Move to the larger tier', { name: 'Wholesale', base: '300', units: '5' });
    const { ask, license } = await licensed(buyer, work);
    for (const job of ['job-1', 'job-2', 'job-3', 'job-4', 'job-5']) await until(ask(job), 200);
    expect(await (await ask('job-6')()).json()).toMatchObject({ code: 'quota_exceeded' });
    await expect(async () => {
      await buyer.goto(license);
      await expect(buyer.getByText(/^Wholesale tier, licensed from/)).toBeVisible({ timeout: 500 });
    }).toPass();
  });
});

test('a rotated token works as long as was chosen, and a revoked one ends', async ({ page, anotherBrowser }) => {
  test.setTimeout(60_000);
  const buyer = await anotherBrowser();
  await arrive(page, unused('Ivo Marsh'), unused('Marsh Papers'), ['Creator']);
  await arrive(buyer, unused('Ana Prieto'), unused('Prieto Models'), ['Buyer']);
  const work = await offered(page, 'Charge for more');
  const { ask, license, asking } = await licensed(buyer, work);
  await until(ask('job-1'), 200);

  await buyer.goto(license);
  await buyer.getByRole('link', { name: 'Rotate' }).click();
  await buyer.getByRole('button', { name: 'Rotate token' }).click();
  const fresh = asking((await buyer.locator('.secret__value').innerText()).trim());
  await until(fresh('job-1'), 200);
  expect((await ask('job-1')()).status(), 'the old secret within its overlap').toBe(200);

  await buyer.goto(license);
  const tokens = buyer.getByRole('table', { name: 'Tokens of this license' });
  const ending = tokens.getByRole('row').filter({ hasText: 'Ending' });
  await expect(ending).toHaveCount(1);
  await ending.getByText('Revoke', { exact: true }).click();
  await ending.getByRole('button', { name: 'Revoke this token' }).click();
  await expect(tokens.getByRole('row').filter({ hasText: 'Revoked' })).toHaveCount(1);
  const refused = await until(ask('job-1'), 403);
  expect(await refused.json()).toMatchObject({ code: 'invalid_token' });
  expect((await fresh('job-1')()).status()).toBe(200);
});

test('a part, a header, a look and a compressed whole', async ({ page, anotherBrowser }) => {
  test.setTimeout(60_000);
  const buyer = await anotherBrowser();
  await arrive(page, unused('Ivo Marsh'), unused('Marsh Papers'), ['Creator']);
  await arrive(buyer, unused('Ana Prieto'), unused('Prieto Models'), ['Buyer']);
  const work = await offered(page, 'Charge for more');
  const { ask } = await licensed(buyer, work);
  const whole = await until(ask('job-1', { 'Accept-Encoding': 'identity' }), 200);
  expect((await whole.body()).equals(work.bytes)).toBe(true);
  const etag = whole.headers()['etag'] ?? '';
  expect(etag).toContain(work.contentId.replace('sha256:', '').slice(0, 16));

  const part = await ask('job-1', { Range: 'bytes=10-29', 'Accept-Encoding': 'identity' })();
  expect(part.status()).toBe(206);
  expect(part.headers()['content-range']).toBe(`bytes 10-29/${work.bytes.length}`);
  expect((await part.body()).equals(work.bytes.subarray(10, 30))).toBe(true);

  const behind = await ask('job-1', { Range: `bytes=${work.bytes.length}-` })();
  expect(behind.status()).toBe(416);
  expect(behind.headers()['content-range']).toBe(`bytes */${work.bytes.length}`);

  const unchanged = await ask('job-1', { 'If-None-Match': etag, 'Accept-Encoding': 'identity' })();
  expect(unchanged.status()).toBe(304);
  expect(unchanged.headers()['imprimatur-receipt'], 'not delivered, so not billed').toBeUndefined();

  const packed = await ask('job-1', { 'Accept-Encoding': 'gzip' })();
  expect(packed.status()).toBe(200);
  expect(packed.headers()['content-encoding']).toBe('gzip');
  expect((await packed.body()).equals(work.bytes), 'the browser unpacks it').toBe(true);
  expect(await verifyReceipt(packed.headers()['imprimatur-receipt'] ?? '')).toMatchObject({ bytes: work.bytes.length });
});

/** Registers a work and offers it: two units for $100.00 a month. */
async function offered(page: Page, overrun: string, larger?: { name: string; base: string; units: string }): Promise<Work> {
  const title = unused('Ledger of the tides');
  const bytes = Buffer.from(`${randomBytes(16).toString('hex')}\n${EVERY_PARAGRAPH.repeat(100)}`);
  const contentId = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Kind').selectOption({ label: 'Text' });
  await page.getByLabel('Description').fill('Highs and lows.');
  await page.getByLabel('File').setInputFiles({ name: 'tides.txt', mimeType: 'text/plain', buffer: bytes });
  await page.getByRole('button', { name: 'Register work' }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  await page.getByRole('link', { name: 'Publish an offer' }).click();
  await choose(page, 'Training, commercial');
  await page.getByLabel('Base fee', { exact: true }).fill('100');
  await page.getByLabel('Units included').fill('2');
  await page.getByLabel('When they are used up').selectOption({ label: overrun });
  if (overrun !== 'Charge for more') await page.getByLabel('Price beyond').fill('');
  if (larger) {
    await page.getByText('A larger tier', { exact: true }).click();
    await page.getByLabel(/^Larger tier(?!’)/).fill(larger.name);
    await page.getByLabel('Larger tier’s fee').fill(larger.base);
    await page.getByLabel('Larger tier’s units').fill(larger.units);
    await page.getByLabel('Larger tier’s rate').fill('200');
  }
  await page.getByRole('button', { name: 'Publish offer' }).click();
  await expect(page.getByText('On offer under “Training, commercial”.')).toBeVisible();
  return { title, contentId, bytes };
}

/** Licenses the paid tier of a work, makes a token, and asks with it for one job after the other. */
async function licensed(page: Page, work: Work) {
  await page.goto(`/catalogue?q=${encodeURIComponent(work.title)}`);
  await page.getByRole('link', { name: work.title }).first().click();
  await page.getByRole('link', { name: 'License Standard' }).click();
  await page.getByRole('checkbox', { name: /accepts these terms/ }).check();
  await page.getByRole('button', { name: 'Accept and license' }).click();
  await expect(page).toHaveURL(/\/licenses\/[0-9A-Z]{26}$/);
  const license = page.url();
  await page.getByRole('link', { name: 'Create token' }).first().click();
  await page.getByLabel('Name').fill('Crawl');
  await page.getByRole('button', { name: 'Create token' }).click();
  const secret = (await page.locator('.secret__value').innerText()).trim();
  const asking = (secret: string) => (job: string, headers: Record<string, string> = {}) => () =>
    page.request.get(`/c/${work.contentId}`, {
      headers: { Authorization: `Bearer ${secret}`, 'Imprimatur-Job': job, ...headers },
      failOnStatusCode: false,
    });
  return { license, asking, ask: asking(secret) };
}

/** Asks until it is answered so: what is changed on a page is in force within a second. */
async function until(ask: () => Promise<APIResponse>, status: number): Promise<APIResponse> {
  let answer: APIResponse | undefined;
  await expect
    .poll(async () => (answer = await ask()).status(), { timeout: 5_000, intervals: [100] })
    .toBe(status);
  if (!answer) throw new Error('never asked');
  return answer;
}

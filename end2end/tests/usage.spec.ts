// Use, seen from both sides: narrowed, broken down, taken away as a file, followed to
// a single receipt that anybody can check, and counted while one looks.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { arrive, choose, signIn, unused } from '../harness/people';
import { portal } from '../harness/places';
import { Terminal } from '../harness/shell';

/** What a figure in the ruled row reads. */
function figure(page: Page, label: string) {
  return page.locator('.figure').filter({ hasText: label }).locator('.figure__value');
}

test('use is narrowed, broken down and taken away @without-javascript', async ({ page }) => {
  await signIn(page, 'Mira Okafor', '/usage?days=90');
  await expect(page.getByText(/^Buyers fetched your works [\d,]+ times in the last 90 days\.$/)).toBeVisible();
  await expect(page.getByRole('img', { name: /^Deliveries per day, .* Highest [\d,]+/ })).toBeVisible();

  await page.getByRole('navigation', { name: 'Broken down by' }).getByRole('link', { name: 'Buyer' }).click();
  const buyers = page.getByRole('table', { name: 'Buyer, by use' });
  const first = buyers.getByRole('row').nth(1);
  const calls = await first.getByRole('cell').nth(1).innerText();
  await first.getByRole('link').click();
  await expect(page.getByRole('list', { name: 'Narrowed to' })).toContainText('Buyer: ');
  await expect(page.getByText(new RegExp(`^Buyers fetched your works ${calls} times`))).toBeVisible();

  await page.getByLabel('Cut into').selectOption({ label: 'Months' });
  await page.getByRole('button', { name: 'Show' }).click();
  await expect(page.getByRole('img', { name: /^Deliveries per month/ })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Narrowed to' })).toContainText('Buyer: ');

  const downloaded = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV' }).first().click();
  const file = await downloaded;
  expect(file.suggestedFilename()).toMatch(/^usage-creator-\d{4}-\d\d-\d\d\.csv$/);
  const [head, ...rows] = readFileSync(await file.path(), 'utf8').trim().split('\r\n');
  expect(head).toMatch(/^from_utc,calls,/);
  const sum = rows.map((row) => Number(row.split(',')[1])).reduce((a, b) => a + b, 0);
  expect(sum.toLocaleString('en-US')).toBe(calls);

  await page.getByRole('link', { name: /Show all, not only/ }).click();
  await expect(page.getByRole('list', { name: 'Narrowed to' })).toHaveCount(0);
});

test('a receipt is followed to its parts and checked in this browser', async ({ page }) => {
  await signIn(page, 'Jonas Weber', '/feed?outcome=billable');
  await page.getByRole('main').locator('.table__link').first().click();
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  await expect(page.getByRole('status')).toContainText('Valid. This browser checked it');
  const receipt = await page.getByRole('region', { name: 'Receipt (compact JWS)' }).innerText();
  const id = page.url().split('/').pop() ?? '';
  await expect(page.getByRole('region', { name: 'What was signed' })).toContainText(id);

  await test.step('Node alone says so too', async () => {
    const program = await page.getByRole('region', { name: 'check.mjs' }).innerText();
    const terminal = new Terminal();
    const run = await terminal.paste(`cat >check.mjs <<'END'\n${program}\nEND\nnode check.mjs ${receipt.trim()}`);
    expect(run.said).toMatch(/^true \{/);
    expect(run.said).toContain(id);
    terminal.close();
  });

  await test.step('a key that nobody published is not enough', async () => {
    await page.route('**/.well-known/jwks.json', (route) => route.fulfill({ json: { keys: [] } }));
    await page.getByRole('button', { name: 'Verify in this browser' }).click();
    await expect(page.getByRole('status')).toContainText('the key it names is not a published one');
  });

  await test.step('its token leads to its deliveries', async () => {
    await page.getByRole('link', { name: 'Deliveries to this token' }).click();
    await expect(page.getByLabel('Token')).not.toHaveValue('');
    await expect(page.getByRole('list', { name: 'Narrowed to' })).toContainText('One token');
    await expect(page.getByRole('main').locator(`.table__link[href="/feed/${id}"]`)).toHaveCount(1);
  });
});

test('without JavaScript a receipt says how to check it by hand @without-javascript', async ({ page, javaScriptEnabled }) => {
  test.skip(javaScriptEnabled, 'the browser checks it itself');
  await signIn(page, 'Mira Okafor', '/feed');
  await page.getByRole('main').locator('.table__link').first().click();
  await expect(page.getByText('The signature is valid')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Verify in this browser' })).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Check it by hand' })).toBeVisible();
  await expect(page.locator('time.instant--exact').first()).toHaveText(/UTC$/);
  // A creator is led to no license page and no token: those are the buyer's.
  await expect(page.getByRole('link', { name: 'Deliveries to this token' })).toHaveCount(0);
});

test('times are told in the zone of whoever looks', async ({ page }) => {
  await signIn(page, 'Mira Okafor', '/feed');
  const time = page.locator('time.instant').first();
  await expect(time).toHaveAttribute('title', /^\d+ \w{3,4} \d{4}, \d\d:\d\d:\d\d (CET|CEST|GMT\+[12])$/);
});

test('the figures of a license move within two seconds of a delivery', async ({ page }) => {
  test.setTimeout(60_000);
  await arrive(page, unused('Lena Brandt'), unused('Brandt Models'), ['Buyer']);
  await page.goto('/catalogue');
  await page.getByRole('link', { name: 'The Salt Roads' }).click();
  await page.getByRole('link', { name: 'License Preview' }).click();
  await choose(page, 'Preview');
  await page.getByRole('checkbox', { name: /accepts these terms/ }).check();
  await page.getByRole('button', { name: 'Accept and license' }).click();
  const license = page.url();
  await page.getByRole('link', { name: 'Create token' }).first().click();
  await page.getByLabel('Name').fill('Meter');
  await page.getByRole('button', { name: 'Create token' }).click();
  const request = await page.getByRole('region', { name: 'Request' }).innerText();

  await page.goto(license);
  await expect(page.getByText('Live: the figures move as deliveries arrive.')).toBeVisible();
  await expect(figure(page, 'Used this month')).toHaveText('0');
  const terminal = new Terminal();
  await expect.poll(async () => (await terminal.paste(request)).code, { timeout: 5_000, intervals: [100] }).toBe(0);
  const delivered = Date.now();
  await expect(figure(page, 'Used this month')).toHaveText('1');
  expect(Date.now() - delivered, 'milliseconds from the delivery to the figure').toBeLessThan(2_000);
  await expect(figure(page, 'Deliveries')).toHaveText('1');

  await page.goto('/overview');
  await expect(figure(page, 'Today')).toHaveText('1');
  await expect(page.getByText('Live: the figures move')).toBeVisible();
  await terminal.paste(request);
  await expect(figure(page, 'Today')).toHaveText('2');
  terminal.close();

  await test.step('what is refused is listed with its reason', async () => {
    const wrong = new Terminal();
    await wrong.paste(request.replace('/c/sha256:', '/c/sha256:0000'));
    wrong.close();
    await page.goto(`${portal}/feed?outcome=refused`);
    await expect
      .poll(async () => {
        await page.reload();
        return page.getByRole('table').getByText('The license does not cover this content').count();
      })
      .toBeGreaterThan(0);
  });
});

// The road of one delivery, walked by two people nobody knew before: a work is
// registered and offered, found, licensed and fetched with the request on the page,
// its receipt verified by a stranger, and the use seen from both sides.
import { createHash, randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { choose, foundOrganization, signInAsNew, unused } from '../harness/people';
import { verifyReceipt } from '../harness/receipts';
import { Terminal } from '../harness/shell';

const BYTES = 200_003;

test('a work is offered, licensed, fetched and accounted for @without-javascript', async ({ page, anotherBrowser }) => {
  test.setTimeout(60_000);
  const work = {
    title: unused('Field notes'),
    file: 'field notes, spring.bin',
    bytes: randomBytes(BYTES),
  };
  const contentId = `sha256:${createHash('sha256').update(work.bytes).digest('hex')}`;
  const creator = { page, name: unused('Imre Novak'), organization: unused('Novak & Daughters') };
  const buyer = { page: await anotherBrowser(), name: unused('Lena Brandt'), organization: unused('Brandt Models') };
  const terminal = new Terminal();
  let digest = '';

  await test.step('the creator arrives', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: 'Sign in' }).first().click();
    await signInAsNew(page, creator.name);
    await expect(page.getByLabel('Your name')).toHaveValue(creator.name);
    await foundOrganization(page, creator.organization, ['Creator']);
    await expect(page).toHaveURL('/overview');
    await page.getByRole('link', { name: 'Register your first work' }).click();
  });

  await test.step('registers a work', async () => {
    await page.getByLabel('Title').fill(work.title);
    await page.getByLabel('Kind').selectOption({ label: 'Text' });
    await page.getByLabel('Description').fill('Nine stations.\n\nSpring only.');
    await expect(page.getByLabel('Credit line')).toHaveValue(creator.organization);
    await page.getByLabel('File').setInputFiles({
      name: work.file,
      mimeType: 'application/octet-stream',
      buffer: work.bytes,
    });
    await page.getByRole('button', { name: 'Register work' }).click();
    await expect(page.getByRole('heading', { level: 1, name: work.title })).toBeVisible();
    await expect(page.getByRole('row', { name: /Version 1/ }).locator('code')).toHaveAttribute('title', contentId);
  });

  await test.step('offers it, in a free and a paid tier', async () => {
    await page.getByRole('link', { name: 'Publish an offer' }).click();
    await choose(page, 'Training, commercial');
    await page.getByLabel('Previews a month').fill('500');
    await page.getByLabel('Base fee').fill('1200.50');
    await page.getByLabel('Units included').fill('20000');
    await page.getByRole('button', { name: 'Publish offer' }).click();
    await expect(page.getByText('On offer under “Training, commercial”.')).toBeVisible();
    await expect(page.getByText('$1,200.50')).toBeVisible();
  });

  await test.step('the buyer finds it and reads the terms', async () => {
    const { page } = buyer;
    await page.goto('/');
    await page.getByRole('link', { name: 'Browse the catalogue' }).click();
    await page.getByRole('link', { name: work.title }).click();
    await expect(page.getByRole('listitem').filter({ hasText: 'Models may be trained and fine-tuned on the work.' })).toBeVisible();
    await expect(page.getByRole('listitem').filter({ hasText: 'Models may not read or quote the work in answers.' })).toBeVisible();
    await expect(page.getByText('$1,200.50 a month')).toBeVisible();
    await expect(page.getByText('20,000 units a month')).toBeVisible();
  });

  await test.step('signs in on the way and comes back to it', async () => {
    const { page } = buyer;
    await page.getByRole('link', { name: 'License Standard' }).click();
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await signInAsNew(page, buyer.name);
    await foundOrganization(page, buyer.organization, ['Buyer']);
    await expect(page.getByRole('heading', { level: 1, name: `License ${work.title}` })).toBeVisible();
  });

  await test.step('accepts', async () => {
    const { page } = buyer;
    digest = (await page.locator('input[name=terms_digest]').getAttribute('value')) ?? '';
    await expect(page.getByRole('radio', { name: 'Standard' })).toBeChecked();
    await page.getByRole('checkbox', { name: `${buyer.organization} accepts these terms.` }).check();
    await page.getByRole('button', { name: 'Accept and license' }).click();
    await expect(page).toHaveURL(/\/licenses\/[0-9A-Z]{26}$/);
    await expect(definition(page, 'By')).toHaveText(buyer.name);
    const accepted = await definition(page, 'When').locator('time').getAttribute('datetime');
    expect(Math.abs(Date.now() - Date.parse(accepted ?? ''))).toBeLessThan(60_000);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await expect(definition(page, 'Digest').locator('code')).toHaveAttribute('title', digest);
  });
  const license = buyer.page.url();

  const request = await test.step('creates a token, which is shown once', async () => {
    const { page } = buyer;
    await page.getByRole('link', { name: 'Create token' }).first().click();
    await page.getByLabel('Name').fill('Nightly crawl');
    await expect(page.getByRole('checkbox', { name: 'Training' })).toBeChecked();
    await page.getByRole('button', { name: 'Create token' }).click();
    const secret = (await page.locator('.secret__value').innerText()).trim();
    expect(secret).toMatch(/^sk_test_[0-9a-f]{64}$/);
    const pasted = await page.getByRole('region', { name: 'Request' }).innerText();
    expect(pasted).toContain(secret);
    // Loading it again sends the form a second time: the token is not made twice.
    await page.reload();
    await expect(page.getByText('This token was created before')).toBeVisible();
    expect(await page.content()).not.toContain(secret);
    await page.goto(license);
    await expect(tokens(page).getByRole('row', { name: /Nightly crawl/ })).toHaveCount(1);
    expect(await page.content()).not.toContain(secret);
    return pasted;
  });

  const receiptId = await test.step('pastes the request into a terminal', async () => {
    // The gate learns of a token within a second.
    await expect.poll(async () => (await terminal.paste(request)).code, { timeout: 3_000, intervals: [100] }).toBe(0);
    const { status, headers } = terminal.headers();
    expect(status).toBe(200);
    const received = terminal.files().filter((file) => file !== 'headers.txt');
    expect(received).toHaveLength(1);
    expect(terminal.read(received[0] ?? '').equals(work.bytes), 'the bytes are those that were uploaded').toBe(true);
    expect(headers.get('imprimatur-content-id')).toBe(contentId);

    const claims = await verifyReceipt(headers.get('imprimatur-receipt') ?? '');
    expect(claims).toMatchObject({
      content_id: contentId,
      license_id: license.split('/').pop(),
      scope: 'training',
      bytes: BYTES,
    });
    expect(Math.abs(Date.now() - Date.parse(String(claims.timestamp)))).toBeLessThan(60_000);
    return String(claims.receipt_id);
  });

  await test.step('both sides see the use', async () => {
    for (const { page: side, other } of [
      { page: creator.page, other: buyer.organization },
      { page: buyer.page, other: creator.organization },
    ]) {
      await expect(async () => {
        await side.goto('/usage');
        await expect(figure(side, 'Deliveries')).toHaveText('1', { timeout: 100 });
      }).toPass({ timeout: 5_000, intervals: [100] });
      await expect(figure(side, 'Billable units')).toHaveText('1');
      await expect(side.getByRole('img', { name: /Deliveries per day.*latest 1\./ })).toBeVisible();
      await expect(side.getByRole('row', { name: new RegExp(work.title) })).toBeVisible();

      await side.goto('/overview');
      await expect(figure(side, 'Deliveries')).toHaveText('1');

      await side.goto('/feed');
      const line = side.getByRole('row', { name: new RegExp(work.title) });
      await expect(line).toHaveCount(1);
      await expect(line).toContainText(other);
      await expect(line).toContainText('Training');
      await line.getByRole('link').click();
      await expect(side).toHaveURL(`/feed/${receiptId}`);
      await expect(side.getByText('The signature is valid')).toBeVisible();
      const shown = await side.getByRole('region', { name: /^Receipt/ }).innerText();
      expect(await verifyReceipt(shown.trim())).toMatchObject({ receipt_id: receiptId });
    }
  });

  await test.step('a revoked token opens nothing', async () => {
    const { page } = buyer;
    await page.goto(license);
    await tokens(page).locator('summary', { hasText: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke this token' }).click();
    await expect(tokens(page).getByRole('row', { name: /Nightly crawl/ })).toContainText('Revoked');
    // Curl ends with 22 when the answer was a refusal.
    await expect.poll(async () => (await terminal.paste(request)).code, { timeout: 2_000, intervals: [100] }).toBe(22);
    const { status, headers } = terminal.headers();
    expect(status).toBe(403);
    expect(headers.get('content-type')).toBe('application/problem+json');
    const saved = terminal.files().find((file) => file !== 'headers.txt') ?? '';
    expect(JSON.parse(terminal.read(saved).toString('utf8'))).toMatchObject({ status: 403, code: 'invalid_token' });
  });
  terminal.close();
});

function definition(page: Page, name: string) {
  return page.locator('dt', { hasText: new RegExp(`^${name}$`) }).locator('xpath=following-sibling::dd[1]');
}

function figure(page: Page, label: string) {
  return page.locator('.figure', { hasText: label }).locator('.figure__value');
}

function tokens(page: Page) {
  return page.getByRole('table', { name: 'Tokens of this license' });
}

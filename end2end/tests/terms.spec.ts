// Terms of one's own, read back while they are typed, in two versions; and an offer
// in each price model, tried, published for one buyer, and withdrawn.
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { arrive, choose, unused } from '../harness/people';

test('terms are written, read back and continued @without-javascript', async ({ page }) => {
  await arrive(page, unused('Imre Novak'), unused('Novak & Daughters'), ['Creator']);
  await page.goto('/terms');
  await page.getByRole('link', { name: 'Write terms' }).click();
  await page.getByRole('link', { name: 'Answers with credit' }).click();
  await expect(page.getByRole('checkbox', { name: 'Quote' })).toBeChecked();
  await page.getByLabel('Name').fill('Answers in Germany');
  await page.getByLabel('Countries').fill('de');
  await page.getByLabel('Model families left out').fill('Llama');
  await page.getByRole('button', { name: 'Read it back' }).click();
  const words = page.getByRole('listitem');
  await expect(words.filter({ hasText: 'It may be used in Germany only.' })).toBeVisible();
  await expect(words.filter({ hasText: 'No model of Llama may use it.' })).toBeVisible();
  await expect(page.getByLabel('Name')).toHaveValue('Answers in Germany');

  await page.getByLabel('Countries').fill('Atlantis');
  await page.getByRole('button', { name: 'Publish terms' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Countries')).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Countries').fill('DE');
  await page.getByRole('button', { name: 'Publish terms' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Answers in Germany' })).toBeVisible();
  await expect(page.getByText('Version 1, published by')).toBeVisible();

  const document = await page.request.get(`${page.url()}/json`);
  expect(document.headers()['content-disposition']).toContain('attachment');
  expect(await document.json()).toMatchObject({ name: 'Answers in Germany', territory: ['DE'] });

  await page.getByRole('link', { name: 'Write a new version' }).click();
  await page.getByLabel('Countries').fill('DE, AT');
  await page.getByRole('button', { name: 'Publish terms' }).click();
  await expect(page.getByText('Version 2, published by')).toBeVisible();
  await expect(page.locator('.change', { hasText: 'No longer' })).toHaveText(/It may be used in Germany only\./);
  await expect(page.locator('.change', { hasText: 'Now' })).toHaveText(/It may be used in Austria and Germany only\./);
  await page.getByRole('link', { name: 'Version before' }).click();
  await expect(page.getByText('A newer version was published')).toBeVisible();
});

test('words follow while one types', async ({ page }) => {
  await arrive(page, unused('Imre Novak'), unused('Novak & Daughters'), ['Creator']);
  await page.goto('/terms/new');
  const words = page.getByRole('listitem');
  await expect(words.filter({ hasText: 'A license lasts a year.' })).toBeVisible();
  await page.getByLabel('A license lasts').fill('10');
  await expect(words.filter({ hasText: 'A license lasts 10 days.' })).toBeVisible();
  await page.getByLabel('What is made with the work may be sold').uncheck();
  await expect(words.filter({ hasText: 'What is made with it may not be sold.' })).toBeVisible();
  await page.getByLabel('A license lasts').fill('soon');
  await expect(page.getByText('Write a number of days, like 90.')).toBeVisible();
});

test('an offer is tried, made for one buyer alone and withdrawn @without-javascript', async ({ page, anotherBrowser }) => {
  const work = unused('Field notes');
  const buyer = await anotherBrowser();
  await arrive(buyer, unused('Lena Brandt'), unused('Brandt Models'), ['Buyer']);
  await buyer.goto('/settings');
  const shortName = await buyer.locator('dd code').innerText();

  await arrive(page, unused('Imre Novak'), unused('Novak & Daughters'), ['Creator']);
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill(work);
  await page.getByLabel('Kind').selectOption({ label: 'Text' });
  await page.getByLabel('File').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from(work) });
  await page.getByRole('button', { name: 'Register work' }).click();
  await page.getByRole('link', { name: 'Publish an offer' }).click();
  await page.getByRole('link', { name: 'Per use' }).click();
  await choose(page, 'Answers with credit');
  await page.getByLabel('What is counted').selectOption('token');
  await page.getByLabel('The price is for').selectOption('1000000');
  await page.getByLabel('Price', { exact: true }).fill('2');
  await page.getByRole('button', { name: 'Try it on last month' }).click();
  await expect(page.getByRole('row', { name: /50,001/ })).toContainText('$0.100002');
  await expect(page.getByLabel('Price', { exact: true })).toHaveValue('2');
  await page.getByText('Only for one buyer').click();
  await page.getByLabel('Short name of the buyer').fill(shortName);
  await page.getByRole('button', { name: 'Publish offer' }).click();
  await expect(page).toHaveURL('/offers');
  await expect(offer(page, work)).toContainText('$2.00 per 1,000,000 tokens');

  await buyer.goto('/catalogue');
  await buyer.getByRole('link', { name: work }).click();
  await expect(buyer.getByText('This offer is for your organization alone')).toBeVisible();
  const stranger = await anotherBrowser();
  await stranger.goto('/catalogue');
  await expect(stranger.getByRole('link', { name: work })).toHaveCount(0);

  await offer(page, work).locator('summary', { hasText: 'Withdraw' }).click();
  await page.getByRole('button', { name: 'Withdraw this offer' }).click();
  await expect(page.getByText('Nothing is on offer')).toBeVisible();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByText('The offer stands again.')).toBeVisible();
  await buyer.reload();
  await expect(buyer.getByRole('heading', { level: 1, name: work })).toBeVisible();

  await offer(page, work).locator('summary', { hasText: 'Withdraw' }).click();
  await page.getByRole('button', { name: 'Withdraw this offer' }).click();
  await expect(page.getByText('Nothing is on offer')).toBeVisible();
  await buyer.reload();
  await expect(buyer.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
});

function offer(page: Page, work: string) {
  return page.getByRole('table', { name: 'Offers that stand' }).getByRole('row', { name: new RegExp(work) });
}

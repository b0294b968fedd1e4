// A form that is refused: nothing is changed, what was typed is kept, the sentence
// stands beside the field, and the keyboard is where the answer is.
import { expect, test } from '../harness/fixtures';
import { arrive, choose, signIn, unused } from '../harness/people';

test('a work without a title is not registered @without-javascript', async ({ page, javaScriptEnabled }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill('   ');
  await page.getByLabel('Kind').selectOption({ label: 'Data set' });
  await page.getByLabel('Description').fill('Line one.\n\n<b>Line two.</b>');
  await page.getByLabel('Credit line').fill('Rosa & “Falk”');
  await page.getByLabel('File').setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n') });
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === 'POST'),
    page.getByRole('button', { name: 'Register work' }).click(),
  ]);
  expect(answer.status()).toBe(422);

  const summary = page.getByRole('alert');
  await expect(summary).toBeVisible();
  await expect(summary).toBeFocused();
  await expect(page.getByLabel('Title')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Title')).toHaveAccessibleDescription(/.+/);
  await expect(page.getByLabel('Kind').locator('option:checked')).toHaveText('Data set');
  await expect(page.getByLabel('Description')).toHaveValue('Line one.\n\n<b>Line two.</b>');
  await expect(page.getByLabel('Credit line')).toHaveValue('Rosa & “Falk”');
  await summary.getByRole('link').click();
  await expect(page).toHaveURL(/#field-title$/);
  if (javaScriptEnabled !== false) {
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
  }

  await page.goto('/assets');
  await expect(page.getByText('No works yet')).toBeVisible();
});

test('an upload that was refused goes through once it is mended', async ({ page }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill('Mended');
  await page.getByRole('button', { name: 'Register work' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Title')).toHaveValue('Mended');
  await page.getByLabel('File').setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n') });
  await page.getByRole('button', { name: 'Register work' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Mended' })).toBeVisible();
});

test('an offer keeps every field of a form that came back @without-javascript', async ({ page }) => {
  await signIn(page, 'Mira Okafor', '/assets');
  await page.getByRole('link', { name: 'Readings from the marsh' }).click();
  await page.getByRole('link', { name: 'Publish an offer' }).click();
  await choose(page, 'Answers with credit');
  await page.getByLabel('Currency').selectOption('EUR');
  await page.getByLabel('Previews a month').fill('7');
  await page.getByLabel('Base fee').fill('12,50');
  await page.getByRole('button', { name: 'Publish offer' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Answers with credit', { exact: true })).toBeChecked();
  await expect(page.getByLabel('Currency')).toHaveValue('EUR');
  await expect(page.getByLabel('Previews a month')).toHaveValue('7');
  await expect(page.getByLabel('Base fee')).toHaveValue('12,50');
  await expect(page.getByLabel('Base fee')).toHaveAttribute('aria-invalid', 'true');
  await page.goto('/assets');
  await expect(page.getByRole('row', { name: /Readings from the marsh/ })).toContainText('No offer');
});

test('no license without the box that accepts @without-javascript', async ({ page }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Models'), ['Buyer']);
  await page.goto('/catalogue');
  await page.getByRole('link', { name: 'The Salt Roads' }).click();
  await page.getByRole('link', { name: 'License Preview' }).click();
  await expect(page.getByLabel('Preview', { exact: true })).toBeChecked();
  await page.getByRole('button', { name: 'Accept and license' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Preview', { exact: true })).toBeChecked();
  await page.goto('/licenses');
  await expect(page.getByText('No licenses yet')).toBeVisible();
});

test('a form sent twice makes one organization', async ({ page }) => {
  const name = unused('Twice & Co');
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/welcome');
  await page.getByLabel('Organization').fill(name);
  await choose(page, 'Creator');
  const id = await page.locator('input[name=id]').getAttribute('value');
  await page.getByRole('button', { name: 'Create organization' }).click();
  await expect(page.locator('.account__organization')).toHaveText(name);
  await page.goto('/welcome');
  await page.getByLabel('Organization').fill(name);
  await choose(page, 'Creator');
  await page.locator('input[name=id]').evaluate((field: HTMLInputElement, id) => (field.value = id ?? ''), id);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await expect(page.locator('.account__organization')).toHaveText(name);
  await page.locator('.account summary').click();
  await expect(page.getByRole('button', { name: `Switch to ${name}` })).toHaveCount(0);
});

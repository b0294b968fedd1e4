// What a creator does with works: several at once, what is said about them, new
// bytes, where they come from, and whose they are.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from '../harness/fixtures';
import { arrive, choose, unused } from '../harness/people';

const text = (name: string, words: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(words) });

/** Registers a text; ends on its page. */
async function register(page: Page, title: string, words: string): Promise<void> {
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Kind').selectOption({ label: 'Text' });
  await page.getByLabel('File').setInputFiles(text('work.txt', words));
  await page.getByRole('button', { name: 'Register work' }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
}

test('several works are registered at once, and a bad row stops no other @without-javascript', async ({ page, javaScriptEnabled }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  const [salt, note] = [unused('Salt.'), unused('A note.')];
  await page.goto('/assets');
  await page.getByRole('link', { name: 'Register several' }).click();
  const rows = ['file,title,text,kind', 'salt.md,The Salt Roads,,', `,A note,${note},`, 'b.txt,Bad,,song', 'no.txt,Gone,,'];
  await page.getByLabel('Table').setInputFiles({ name: 'works.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\n')) });
  await page.locator('input[name=file]').setInputFiles([text('salt.md', salt), text('b.txt', 'b')]);
  await page.getByRole('button', { name: 'Register works' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'What came of them' })).toBeVisible();
  await expect(page.getByText('2 works were registered. 2 were not')).toBeVisible();
  await expect(page.getByRole('row', { name: /^Bad/ })).toContainText('Write one of these as kind');
  await expect(page.getByRole('row', { name: /^Gone/ })).toContainText('No file called “no.txt”');
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.getByRole('link', { name: 'The Salt Roads' }).click();
  await expect(page.getByText(salt)).toBeVisible();
});

test('an upload shows how far it has got', async ({ page }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/assets/several');
  const wire = await page.context().newCDPSession(page);
  await wire.send('Network.enable');
  const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 400_000 };
  await wire.send('Network.emulateNetworkConditions', slow);
  const words = unused('salt ').repeat(30_000);
  await page.locator('input[name=file]').setInputFiles([text('salt.txt', words), text('dill.txt', unused('Dill.'))]);
  await page.getByRole('button', { name: 'Register works' }).click();
  await expect(page.getByRole('progressbar', { name: 'salt.txt' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop' })).toBeVisible();
  await expect(page.getByText('2 works were registered.')).toBeVisible({ timeout: 20_000 });
});

test('two who edit one work lose nothing @without-javascript', async ({ page, context, javaScriptEnabled }) => {
  test.setTimeout(60_000);
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await register(page, 'The Salt Roads', unused('Salt.'));
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByLabel('Tags').fill('salt, fens');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByText('salt, fens')).toBeVisible();

  await page.getByLabel('Title').fill('The Salt Roads, revised');
  await choose(page, 'Unlisted');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('saved this work while you were typing', { exact: false }).last()).toBeVisible();
  await expect(page.getByLabel('Title')).toHaveValue('The Salt Roads, revised');
  await expect(page.getByRole('note')).toContainText('salt, fens');
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.getByLabel('Tags').fill('salt, fens');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The Salt Roads, revised' })).toBeVisible();
  await expect(page.getByText('salt, fens')).toBeVisible();
});

test('new bytes are a new version, and a picture is shown', async ({ page }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await register(page, 'A map', unused('Salt.'));
  await page.getByRole('link', { name: 'Add a version' }).click();
  const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';
  const buffer = Buffer.concat([Buffer.from(dot, 'base64'), Buffer.from(unused('map'))]);
  await page.getByLabel('File').setInputFiles({ name: 'map.png', mimeType: 'text/html', buffer });
  await page.getByRole('button', { name: 'Add version' }).click();
  await expect(page.getByRole('link', { name: 'Version 2' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Version 1' })).toBeVisible();
  const picture = page.getByRole('img', { name: 'A map' });
  await expect.poll(() => picture.evaluate((drawn: HTMLImageElement) => drawn.naturalWidth)).toBe(10);
  await expectAccessible(page);

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'As W3C PROV, JSON' }).click(),
  ]);
  const document = JSON.parse(await readFile(await download.path(), 'utf8'));
  expect(Object.keys(document.wasDerivedFrom)).toHaveLength(1);
});

test('bytes of somebody else raise a claim that both see', async ({ page, anotherBrowser }) => {
  const words = unused('Salt.');
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await register(page, 'The Salt Roads', words);
  const other = await anotherBrowser();
  await arrive(other, unused('Ola Berg'), 'Berg', ['Creator']);
  await other.goto('/assets/new');
  await other.getByLabel('Title').fill('Mine');
  await other.getByLabel('Kind').selectOption({ label: 'Text' });
  await other.getByLabel('File').setInputFiles(text('mine.txt', words));
  await other.getByRole('button', { name: 'Register work' }).click();
  await expect(other.getByRole('heading', { name: 'You claim “Mine”' })).toBeVisible();
  await expectAccessible(other);

  await page.goto('/assets');
  await page.getByRole('link', { name: 'See what that means for you' }).click();
  await expect(page.getByRole('heading', { name: 'Berg claims “The Salt Roads”' })).toBeVisible();
  await other.getByText('Withdraw claim').first().click();
  await other.getByRole('button', { name: 'Withdraw claim' }).click();
  await expect(other.getByText('No claim is open.')).toBeVisible();
});

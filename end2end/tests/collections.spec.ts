// What belongs together: a creator puts works on a shelf, orders them, and a stranger
// finds them; who a creator is, what they consent to, and how much they see.
import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from '../harness/fixtures';
import { arrive, choose, signIn, unused } from '../harness/people';

/** Ticks works in the list; ends with the form below them. */
async function tick(page: Page, ...titles: string[]): Promise<void> {
  for (const title of titles) await page.getByLabel(`Choose ${title}`, { exact: true }).check();
}

const titles = (page: Page) => page.getByRole('table', { name: 'Works of this collection' }).locator('.table__link').allInnerTexts();

test('ticked works become a collection that anybody finds @without-javascript', async ({ page, anotherBrowser, javaScriptEnabled }) => {
  test.setTimeout(60_000);
  const title = unused('Fens by night');
  await signIn(page, 'Mira Okafor', '/assets');
  await tick(page, 'The Salt Roads', 'Letters to a lock-keeper');
  await page.getByLabel('Add what is ticked to').selectOption({ label: 'A new collection' });
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('It begins with the 2 works you ticked')).toBeVisible();
  await page.getByRole('button', { name: 'Make collection' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Description').fill('What is read after dark.');
  await page.getByRole('button', { name: 'Make collection' }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible();
  if (javaScriptEnabled !== false) await expectAccessible(page);

  // One more, and another order.
  await page.getByRole('link', { name: 'Add works' }).click();
  await tick(page, 'Readings from the marsh', 'The Salt Roads');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText('One work added.');
  await expect(page.getByText('3 works, one of which strangers do not see.')).toBeVisible();
  const [first, second] = await titles(page);
  await page.getByLabel(`Place of ${first}`).fill('2');
  await page.getByLabel(`Place of ${second}`).fill('1');
  await page.getByRole('button', { name: 'Save the order' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved.');
  expect((await titles(page)).slice(0, 2)).toEqual([second, first]);

  const stranger = await anotherBrowser();
  await stranger.goto(`/catalogue?q=${encodeURIComponent(title)}`);
  await stranger.getByRole('table', { name: 'Collections' }).getByRole('link', { name: title }).click();
  await expect(stranger.getByText('What is read after dark.')).toBeVisible();
  expect(await titles(stranger)).toEqual([second, first]);
  if (javaScriptEnabled !== false) await expectAccessible(stranger);
  const address = stranger.url();
  await stranger.getByRole('link', { name: 'The Salt Roads' }).click();
  await stranger.locator('.definitions__row', { hasText: 'Collection' }).getByRole('link', { name: title }).click();
  await expect(stranger).toHaveURL(address);
  await stranger.getByRole('main').getByRole('link', { name: 'Hollow Fen Press' }).first().click();
  await expect(stranger.getByRole('table', { name: 'Collections' })).toContainText(title);

  // Taken out and apart again; the works stay.
  await tick(page, 'Letters to a lock-keeper');
  await page.getByRole('button', { name: 'Take out what is ticked' }).click();
  await expect(page.getByRole('status')).toHaveText('One work taken out.');
  await page.getByText('Take apart', { exact: true }).click();
  await page.getByRole('button', { name: 'Take this collection apart' }).click();
  await expect(page.getByRole('status')).toContainText('Its works stay as they are.');
  const gone = await stranger.goto(address);
  expect(gone?.status()).toBe(404);
});

test('two who edit one collection lose nothing @without-javascript', async ({ page, context, javaScriptEnabled }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/assets/collections');
  await page.getByRole('link', { name: 'New collection' }).click();
  await page.getByLabel('Title').fill('Salt');
  await page.getByRole('button', { name: 'Make collection' }).click();
  await expect(page.getByText('Nothing in it yet')).toBeVisible();
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  const other = await context.newPage();
  await other.goto(page.url());
  await other.getByLabel('Description').fill('Theirs.');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByRole('status')).toHaveText('Saved.');

  await page.getByLabel('Title').fill('Salt and water');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('note')).toContainText('Theirs.');
  await expect(page.getByLabel('Title')).toHaveValue('Salt and water');
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Salt and water' })).toBeVisible();
});

test('a creator says who they are, and it is on their page @without-javascript', async ({ page, javaScriptEnabled }) => {
  const organization = unused('Falk Verlag');
  await arrive(page, unused('Rosa Falk'), organization, ['Creator']);
  await page.goto('/settings');
  await page.getByRole('link', { name: 'Profile and privacy' }).click();
  await page.getByLabel('Jurisdiction').selectOption({ label: 'Portugal' });
  await page.getByLabel('About you').fill('Two people and a press.');
  await page.getByLabel('Website').fill('not an address');
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page.getByLabel('Jurisdiction')).toHaveValue('PT');
  await page.getByLabel('Website').fill('falk.example');
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved.');
  await expect(page.getByLabel('Website')).toHaveValue('https://falk.example/');

  // Consent that is withheld binds every new offer, until it is given.
  const training = page.getByRole('group', { name: 'Training of models' });
  await training.getByText('Consent withheld').click();
  await page.getByRole('button', { name: 'Record consent' }).click();
  await expect(page.locator('.definitions__row', { hasText: 'Training of models' })).toContainText('Consent withheld');
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.goto('/assets/new');
  await page.getByLabel('Title').fill('Mended');
  await page.getByLabel('File').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from(unused('Salt.')) });
  await page.getByRole('button', { name: 'Register work' }).click();
  await page.getByRole('link', { name: 'Publish an offer' }).click();
  await page.getByLabel('Base fee').fill('12');
  await page.getByRole('button', { name: 'Publish offer' }).click();
  await expect(page.getByRole('alert')).toContainText('withholds consent');
  await page.goto('/settings/profile');
  await training.getByText('Consent given').click();
  await page.getByRole('button', { name: 'Record consent' }).click();
  await expect(page.getByRole('status')).toHaveText('Saved.');
  await page.goto('/assets');
  await page.getByRole('link', { name: 'Mended' }).click();
  await page.getByRole('link', { name: 'Publish an offer' }).click();
  await page.getByLabel('Base fee').fill('12');
  await page.getByRole('button', { name: 'Publish offer' }).click();
  await expect(page.getByRole('link', { name: 'See it as buyers do' })).toBeVisible();

  await page.goto('/settings/profile');
  await page.getByRole('link', { name: 'See your page' }).click();
  await expect(page.getByRole('heading', { level: 1, name: organization })).toBeVisible();
  await expect(page.getByText('Two people and a press.')).toBeVisible();
  await expect(page.locator('.definitions__row', { hasText: 'Jurisdiction' })).toContainText('Portugal');
  await expect(page.getByRole('link', { name: 'falk.example' })).toHaveAttribute('href', 'https://falk.example/');
  await expect(page.locator('.definitions__row', { hasText: 'Training of models' })).toContainText('Consent given');
  if (javaScriptEnabled !== false) await expectAccessible(page);
});

test('a creator with coarse reports sees whole days and nothing finer @without-javascript', async ({ page, javaScriptEnabled }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/settings/profile');
  await choose(page, 'Coarse');
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
  await expect(page.getByRole('status')).toHaveText('Saved.');
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Event feed' })).toHaveCount(0);
  for (const path of ['/overview', '/usage']) {
    await page.goto(path);
    await expect(page.getByText('Your organization has chosen coarse reports')).toBeVisible();
    await expect(page.getByRole('main').getByRole('link', { name: /feed/i })).toHaveCount(0);
    if (javaScriptEnabled !== false) await expectAccessible(page);
  }
  await page.goto('/feed');
  await expect(page.getByRole('heading', { level: 1, name: 'Only coarse reports here' })).toBeVisible();
  if (javaScriptEnabled !== false) await expectAccessible(page);
  await page.getByRole('link', { name: 'Open Profile and privacy' }).click();
  await choose(page, 'Full');
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
  await page.goto('/feed');
  await expect(page.getByRole('heading', { level: 1, name: 'Event feed' })).toBeVisible();
});

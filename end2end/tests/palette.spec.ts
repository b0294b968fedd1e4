// The command palette: Ctrl-K finds, `?` lists the keys, `g` and a letter goes there.
import { expect, expectAccessible, test } from '../harness/fixtures';
import { signIn } from '../harness/people';

test('a buyer finds a license with the keyboard alone', async ({ page }) => {
  await signIn(page, 'Jonas Weber');
  const input = page.getByRole('combobox', { name: 'Find a page or a thing' });
  // The page is there before what listens to its keys.
  await expect(async () => {
    await page.keyboard.press('Control+k');
    await expect(input).toBeFocused({ timeout: 500 });
  }).toPass();
  await expect(page.getByRole('option', { name: /^Overview/ })).toBeVisible();
  await input.fill('salt roads');
  const options = page.getByRole('option');
  await expect(options.first()).toContainText('License');
  await expect(options.first()).toHaveAttribute('aria-selected', 'true');
  await expectAccessible(page);
  await page.keyboard.press('ArrowDown');
  await expect(options.nth(1)).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/licenses\//);

  await expect(async () => {
    await page.keyboard.press('Control+k');
    await expect(input).toBeFocused({ timeout: 500 });
  }).toPass();
  await input.fill('no such thing anywhere');
  await expect(page.getByText('Nothing of that name.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(input).toBeHidden();
});

test('every page of the workspace is in the palette, for either side', async ({ page }) => {
  await signIn(page, 'Ada Lindqvist');
  const found = await (await page.request.get('/find.json?q=')).json() as { title: string; href: string }[];
  const places = found.map(({ href }) => href);
  const links = await page.getByRole('navigation', { name: 'Workspace' }).getByRole('link').all();
  for (const link of links) expect(places).toContain(await link.getAttribute('href'));
  for (const path of ['/sites/new', '/assets/claims', '/terms/new', '/settings/sessions', '/docs/errors']) {
    expect(places).toContain(path);
  }
  for (const href of places) expect((await page.request.get(href)).status(), href).toBe(200);
});

test('a creator finds a site and terms, and a place is kept until the answer is there', async ({ page }) => {
  await signIn(page, 'Mira Okafor');
  await page.route('**/find.json*', async (route) => {
    await expect(page.locator('.palette .skeleton__line').first()).toBeVisible();
    await route.continue();
  });
  const input = page.getByRole('combobox', { name: 'Find a page or a thing' });
  await expect(async () => {
    await page.keyboard.press('Control+k');
    await expect(input).toBeFocused({ timeout: 500 });
  }).toPass();
  await expect(page.getByRole('option', { name: /^Overview/ })).toBeVisible();
  await expect(page.locator('.palette .skeleton')).toHaveCount(0);
  await page.unrouteAll({ behavior: 'wait' });
  await input.fill('gazette');
  await expect(page.getByRole('option', { name: /Your site/ })).toBeVisible();
});

test('the keys are listed, and lead where they say', async ({ page }) => {
  await signIn(page, 'Jonas Weber');
  await expect(async () => {
    await page.keyboard.press('?');
    await expect(page.getByRole('heading', { name: 'Keys' })).toBeVisible({ timeout: 500 });
  }).toPass();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'Keys' })).toBeHidden();
  await page.keyboard.press('g');
  await page.keyboard.press('u');
  await expect(page).toHaveURL(/\/usage$/);

  // While one types, keys are letters.
  await page.goto('/find');
  await page.getByRole('textbox', { name: /^Name/ }).pressSequentially('g?u');
  await expect(page.getByRole('textbox', { name: /^Name/ })).toHaveValue('g?u');
  await expect(page.getByRole('heading', { name: 'Keys' })).toBeHidden();
});

test('without JavaScript the same is found on a page @without-javascript', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('contentinfo').getByRole('link', { name: 'Find' }).click();
  await page.getByRole('textbox', { name: /^Name/ }).fill('salt roads');
  await page.getByRole('button', { name: 'Find' }).click();
  await page.getByRole('link', { name: 'The Salt Roads' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'The Salt Roads' })).toBeVisible();
});

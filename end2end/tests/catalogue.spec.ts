// What a buyer does before there is a license: finds a work in spite of a typo,
// narrows the list, works out a month, and looks at who made it.
import { expect, expectAccessible, test } from '../harness/fixtures';

test('a work is found, worked out and traced to its creator @without-javascript', async ({ page, javaScriptEnabled }) => {
  await page.goto('/catalogue');
  const search = page.getByRole('search', { name: 'Catalogue' });
  await search.getByLabel('Search').fill('submarines');
  await search.getByLabel('Search').press('Enter');
  await expect(page.getByText('No work fits all of this')).toBeVisible();
  await expect(search.getByLabel('Search')).toHaveValue('submarines');
  await search.getByLabel('Search').fill('salt raods');
  await search.getByRole('button', { name: 'Show' }).click();
  await expect(page.locator('.table__link').first()).toHaveText('The Salt Roads');
  if (javaScriptEnabled !== false) await expectAccessible(page);

  await page.locator('.table__link').first().click();
  const calculator = page.getByRole('form', { name: 'Price calculator' });
  await calculator.getByLabel(/in a month/).fill('70,001');
  await calculator.getByRole('button', { name: 'Work it out' }).click();
  const sums = page.getByRole('table', { name: 'What a month would cost on each tier' });
  await expect(sums.getByRole('row')).not.toHaveCount(1);
  await expect(sums).toContainText('Each later month');
  if (javaScriptEnabled !== false) await expectAccessible(page);

  await page.locator('.definitions__row', { hasText: 'Creator' }).getByRole('link').click();
  await expect(page.getByText(/works? on offer\.$/)).toBeVisible();
  await expect(page.getByRole('table', { name: 'Works on offer' })).toContainText('The Salt Roads');
});

test('a month is worked out while one types, and the answer is the button\'s', async ({ page }) => {
  await page.goto('/catalogue?q=salt+roads');
  await page.getByRole('main').getByRole('link', { name: 'The Salt Roads', exact: true }).click();
  const calculator = page.getByRole('form', { name: 'Price calculator' });
  const units = calculator.getByLabel(/in a month/);
  const sums = page.getByRole('table', { name: 'What a month would cost on each tier' });
  await expect(sums).toBeVisible();
  const before = await sums.innerText();
  // The page is there before what listens to its fields.
  await expect(async () => {
    await units.fill('');
    await units.pressSequentially('70,001');
    await expect(sums).not.toHaveText(before, { timeout: 1_000, useInnerText: true });
  }).toPass();
  await expect(page.locator('[data-old]')).toHaveCount(0);
  const typed = await sums.innerText();
  await expect(page).not.toHaveURL(/units=/);
  await calculator.getByRole('button', { name: 'Work it out' }).click();
  await expect(page).toHaveURL(/units=/);
  expect(await sums.innerText()).toBe(typed);

  await units.fill('many');
  await expect(page.getByText('Write a whole number, like 50,000.')).toBeVisible();
  // What cannot be asked leaves the last answer, marked as old.
  await page.route('**/catalogue/**', (route) => route.abort());
  await units.fill('5');
  await expect(page.locator('#calculator-answer[data-old]')).toBeVisible();
});

test('choices say how many works they leave, and are in the address @without-javascript', async ({ page }) => {
  await page.goto('/catalogue');
  const search = page.getByRole('search', { name: 'Catalogue' });
  const kind = search.getByLabel('Kind');
  const text = await kind.locator('option', { hasText: 'Text' }).innerText();
  const works = Number(/\((\d+)\)/.exec(text)?.[1]);
  await kind.selectOption('text');
  await search.getByLabel('Order').selectOption('title');
  await search.getByRole('button', { name: 'Show' }).click();
  await expect(page).toHaveURL(/kind=text/);
  const found = page.locator('.found');
  await expect(found).toContainText(works === 1 ? 'One work.' : `${works} works.`);
  await expect(kind).toHaveValue('text');
  await page.getByRole('link', { name: 'Show every work' }).click();
  await expect(kind).toHaveValue('');
});

test('a sum that cannot be read is said at the calculator @without-javascript', async ({ page }) => {
  await page.goto('/catalogue?q=salt+roads');
  await page.getByRole('main').getByRole('link', { name: 'The Salt Roads', exact: true }).click();
  const calculator = page.getByRole('form', { name: 'Price calculator' });
  await calculator.getByLabel(/in a month/).fill('many');
  await calculator.getByRole('button', { name: 'Work it out' }).click();
  await expect(page.getByText('Write a whole number, like 50,000.')).toBeVisible();
  await expect(calculator.getByLabel(/in a month/)).toHaveValue('many');
});

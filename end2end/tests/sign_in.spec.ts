// Coming in and going out: the provider's refusal, addresses that lead elsewhere,
// and sessions, which are listed and ended one by one or all at once.
import { expect, test } from '../harness/fixtures';
import { arrive, signIn, signInAsNew, unused } from '../harness/people';
import { portal } from '../harness/places';

test('a sign-in that is cancelled changes nothing and says so @without-javascript', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByRole('button', { name: /^Continue with/ }).first().click();
  await page.getByRole('button', { name: 'Cancel and go back' }).click();
  await expect(page.getByText(/You cancelled at .* Nothing has changed\./)).toBeVisible();
  await page.goto('/overview');
  await expect(page).toHaveURL(/\/sign-in\?next=%2Foverview$/);
});

for (const next of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/auth/sign-out']) {
  test(`signing in never leads to ${next}`, async ({ page }) => {
    await signIn(page, 'Jonas Weber', next);
    await expect(page).toHaveURL(`${portal}/overview`);
  });
}

test('signing in leads back to where one was going, parameters and all @without-javascript', async ({ page }) => {
  await page.goto('/feed?side=buyer&cost=billable');
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await page.getByRole('button', { name: /^Continue with/ }).first().click();
  await page.getByRole('button', { name: 'Jonas Weber' }).click();
  await expect(page).toHaveURL((url) => url.pathname === '/feed' && url.searchParams.get('cost') === 'billable');
});

test('sessions are listed, ended one by one and all at once @without-javascript', async ({ page, anotherBrowser }) => {
  const name = unused('Ines Prado');
  await arrive(page, name, unused('Prado Archive'), ['Creator']);
  const others = [await anotherBrowser(), await anotherBrowser(), await anotherBrowser()];
  for (const other of others) {
    await other.goto('/sign-in');
    await signInAsNew(other, name);
    await expect(other).toHaveURL('/overview');
  }

  await page.goto('/overview');
  await page.locator('.account summary').click();
  await page.getByRole('link', { name: 'Your sessions' }).click();
  const rows = page.getByRole('table', { name: 'Your sessions' }).locator('tbody').getByRole('row');
  await expect(rows).toHaveCount(4);
  await expect(rows.first()).toContainText('This browser');
  await expect(rows.first().getByRole('button')).toHaveCount(0);

  await rows.nth(1).getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('Signed out.')).toBeVisible();
  await expect(rows).toHaveCount(3);
  const stillIn = async () => {
    const landed = [];
    for (const other of others) {
      await other.goto('/overview');
      landed.push(new URL(other.url()).pathname === '/overview');
    }
    return landed.filter(Boolean).length;
  };
  expect(await stillIn()).toBe(2);

  await page.getByText('Sign out all others', { exact: true }).click();
  await page.getByRole('button', { name: 'Sign them out' }).click();
  await expect(rows).toHaveCount(1);
  expect(await stillIn()).toBe(0);
  await page.goto('/overview');
  await expect(page).toHaveURL('/overview');
});

test('signing out ends the session, for good @without-javascript', async ({ page }) => {
  await signIn(page, 'Jonas Weber');
  const cookies = await page.context().cookies();
  await page.locator('.account summary').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/');
  await page.context().addCookies(cookies);
  await page.goto('/overview');
  await expect(page).toHaveURL(/\/sign-in/);
});

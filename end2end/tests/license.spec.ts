// What a buyer does with a license: ends it and takes that back, sets a cap and undoes it; what a
// creator does with a site; and a form that is sent after the session has ended.
import { expect, test } from '../harness/fixtures';
import { arrive, choose, signInAsNew, unused } from '../harness/people';
import type { Page } from '@playwright/test';

/** A license of a work, on one of its paid tiers, to somebody new. */
async function licensed(page: Page): Promise<void> {
  await arrive(page, unused('Jo Weber'), unused('Weber Labs'), ['Buyer']);
  await page.goto('/catalogue');
  await page.getByRole('main').getByRole('link', { name: 'The Salt Roads' }).first().click();
  await page.getByRole('link', { name: 'License Standard' }).click();
  await choose(page, 'Standard');
  await page.getByRole('checkbox', { name: /accepts these terms/ }).check();
  await page.getByRole('button', { name: 'Accept and license' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'The Salt Roads' })).toBeVisible();
}

test('a license is cancelled and that is undone from the toast @without-javascript', async ({ page }) => {
  await licensed(page);
  await page.getByText('Cancel license', { exact: true }).click();
  await page.getByRole('button', { name: 'Cancel this license' }).click();
  await expect(page.getByText(/^Cancelled\. The license works until/)).toBeVisible();
  await expect(page.getByText('Cancelled: it works as before until')).toBeVisible();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByText('The cancellation is undone. The license goes on.')).toBeVisible();
  await expect(page.getByText('Cancel license', { exact: true })).toBeVisible();
});

test('a spend cap is set and undone @without-javascript', async ({ page }) => {
  await licensed(page);
  await page.getByLabel('Spend cap').fill('9000');
  await page.getByRole('button', { name: 'Set the cap' }).click();
  await expect(page.getByText('The cap is $9,000.00 a month from now on.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByText('There is no cap any more.')).toBeVisible();
});

test('what a toast says is said once, and nothing moves when it is loaded again', async ({ page }) => {
  await licensed(page);
  await page.getByLabel('Spend cap').fill('9000');
  await page.getByRole('button', { name: 'Set the cap' }).click();
  const toast = page.getByText('The cap is $9,000.00 a month from now on.');
  await expect(toast).toBeVisible();
  await expect(page).toHaveURL(/\/licenses\/[^?]+$/);
  await page.reload();
  await expect(page.getByLabel('Spend cap')).toHaveValue('9000.00');
  await expect(toast).toHaveCount(0);
});

test('a site is claimed, verified and tried @without-javascript', async ({ page }) => {
  await arrive(page, unused('Rosa Falk'), unused('Falk Verlag'), ['Creator']);
  await page.goto('/sites');
  await page.getByRole('link', { name: 'Claim a site' }).first().click();
  const host = `${unused('falk').toLowerCase().replace(/[^a-z0-9]+/g, '-')}.localhost`;
  await page.getByLabel('Host').fill(host);
  await page.getByLabel('Pages come from').fill('http://127.0.0.1:9999');
  await page.getByLabel('Title').fill('Falk, the site');
  await page.getByLabel('Credit line').fill('Falk Verlag');
  await page.getByRole('button', { name: 'Claim site' }).click();
  await expect(page.getByText(`_imprimatur.${host}`).first()).toBeVisible();
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('Verified. The gate answers for this host.')).toBeVisible();
  await page.getByLabel('Origin').fill('http://127.0.0.1:9998');
  await page.getByRole('button', { name: 'Change the origin' }).click();
  await expect(page.getByText('Pages come from there now.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect(page.getByLabel('Origin')).toHaveValue('http://127.0.0.1:9999');
  await page.getByRole('link', { name: 'Try a path' }).click();
  await page.getByLabel('Path').fill('/robots.txt');
  await page.getByRole('button', { name: 'Try it' }).click();
  await expect(page.getByText('as everybody gets it')).toBeVisible();
});

test('what was typed survives a session that ends @without-javascript', async ({ page }) => {
  const name = unused('Rosa Falk');
  await arrive(page, name, unused('Falk Verlag'), ['Creator']);
  await page.goto('/sites/new');
  await page.getByLabel('Title').fill('Kept “as typed”');
  await page.getByLabel('Description').fill('Line one.\n\nLine two.');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Claim site' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await signInAsNew(page, name);
  await expect(page).toHaveURL('/sites/new');
  await expect(page.getByRole('alert')).toContainText('You had been signed out');
  await expect(page.getByLabel('Title')).toHaveValue('Kept “as typed”');
  await expect(page.getByLabel('Description')).toHaveValue('Line one.\n\nLine two.');
});

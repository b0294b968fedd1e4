// People of one organization: invited by link, given a role, taken away again; and
// a person of two organizations who changes between them.
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { arrive, signIn, signInAsNew, unused } from '../harness/people';

test('an invitation brings somebody in, within the role it names @without-javascript', async ({ page, anotherBrowser }) => {
  const organization = unused('Reed Quarterly');
  const guestName = unused('Pia Lund');
  await arrive(page, unused('Olga Stein'), organization, ['Creator']);
  const link = await invite(page, 'viewer');
  const guest = await anotherBrowser();

  await test.step('the link leads through the sign-in to the invitation', async () => {
    await guest.goto(link);
    await signInAsNew(guest, guestName);
    await expect(guest.getByRole('heading', { level: 1 })).toHaveText(`Join ${organization}`);
    await expect(guest.getByText(/invites you to act for/)).toContainText('as viewer');
    await guest.getByRole('button', { name: `Join ${organization}` }).click();
    await expect(guest).toHaveURL('/overview');
    await expect(guest.locator('.account__summary')).toContainText(organization);
  });

  await test.step('a viewer looks and registers nothing', async () => {
    await guest.goto('/assets');
    await expect(guest.getByRole('link', { name: 'Register work' })).toHaveCount(0);
    expect((await guest.goto('/assets/new'))?.status()).toBe(403);
    await expect(guest.getByRole('heading', { level: 1 })).toHaveText('Not with your role');
    await guest.goto('/settings/members');
    await expect(guest.getByRole('button', { name: 'Make an invitation link' })).toHaveCount(0);
  });

  await test.step('with another role they may', async () => {
    await page.goto('/settings/members');
    await page.getByLabel(`Role of ${guestName}`).selectOption('developer');
    await member(page, guestName).getByRole('button', { name: 'Set' }).click();
    await expect(page.getByLabel(`Role of ${guestName}`)).toHaveValue('developer');
    await expect(page.getByText(`${guestName} has the role developer now.`)).toBeVisible();
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(page.getByLabel(`Role of ${guestName}`)).toHaveValue('viewer');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(page.getByLabel(`Role of ${guestName}`)).toHaveValue('developer');
    expect((await guest.goto('/assets/new'))?.status()).toBe(200);
  });

  await test.step('the link works once', async () => {
    const late = await anotherBrowser();
    await late.goto(link);
    await signInAsNew(late, unused('Max Late'));
    await expect(late.getByRole('heading', { level: 1 })).toHaveText(/This is over|There is nothing here/);
  });

  await test.step('a member who is removed is out at once', async () => {
    await page.goto('/settings/members');
    await member(page, guestName).getByText('Remove', { exact: true }).click();
    await member(page, guestName).getByRole('button', { name: 'Remove this member' }).click();
    await expect(member(page, guestName)).toHaveCount(0);
    await guest.goto('/assets');
    await expect(guest).toHaveURL(/\/welcome/);
  });
});

test('an invitation that is withdrawn opens nothing @without-javascript', async ({ page, anotherBrowser }) => {
  await arrive(page, unused('Olga Stein'), unused('Reed Quarterly'), ['Creator']);
  const link = await invite(page, 'developer');
  await page.goto('/settings/members');
  await page.getByText('Withdraw', { exact: true }).last().click();
  await page.getByRole('button', { name: 'Withdraw the invitation' }).click();
  await expect(page.getByText('No open invitations')).toBeVisible();
  const guest = await anotherBrowser();
  await guest.goto(link);
  await signInAsNew(guest, unused('Pia Lund'));
  await expect(guest.getByRole('button', { name: /^Join/ })).toHaveCount(0);
});

test('the last owner cannot leave, and is told so @without-javascript', async ({ page, anotherBrowser }) => {
  const owner = unused('Olga Stein');
  await arrive(page, owner, unused('Reed Quarterly'), ['Creator']);
  const link = await invite(page, 'viewer');
  const guest = await anotherBrowser();
  await guest.goto(link);
  await signInAsNew(guest, unused('Pia Lund'));
  await guest.getByRole('button', { name: /^Join/ }).click();
  await page.goto('/settings/members');
  await member(page, owner).getByText('Leave', { exact: true }).click();
  await member(page, owner).getByRole('button', { name: 'Leave the organization' }).click();
  await expect(page.getByRole('alert')).toHaveCount(1);
  await expect(page.getByRole('alert')).toContainText(/owner/);
  await expect(member(page, owner)).toHaveCount(1);
});

test('a person of two organizations changes between them @without-javascript', async ({ page }) => {
  await signIn(page, 'Tomás Rivera');
  const account = page.locator('.account');
  const first = await account.locator('.account__organization').innerText();
  const [other, has, hasNot] = first === 'Cobalt Research'
    ? ['Hollow Fen Press', 'Works', 'Licenses']
    : ['Cobalt Research', 'Licenses', 'Works'];
  await account.locator('summary').click();
  await page.getByRole('button', { name: `Switch to ${other}` }).click();
  await expect(account.locator('.account__organization')).toHaveText(other);
  const nav = page.getByRole('navigation', { name: 'Workspace' });
  await expect(nav.getByRole('link', { name: has, exact: true })).toBeVisible();
  await expect(nav.getByRole('link', { name: hasNot, exact: true })).toHaveCount(0);
});

async function invite(page: Page, role: string): Promise<string> {
  await page.getByRole('link', { name: 'Members' }).click();
  await page.getByLabel('Role', { exact: true }).selectOption(role);
  await page.getByRole('button', { name: 'Make an invitation link' }).click();
  return (await page.locator('.secret__value').innerText()).trim();
}

function member(page: Page, name: string) {
  return page.getByRole('table', { name: 'Members' }).getByRole('row').filter({ hasText: name });
}

// A buyer leaves a card and a creator says where the money goes, both on the payment provider's own
// pages, and come back.
import { expect, test } from '../harness/fixtures';
import { arrive, unused } from '../harness/people';

test('a buyer leaves a card and changes it @without-javascript', async ({ page }) => {
  await arrive(page, unused('Bea Ott'), unused('Lantern Labs'), ['Buyer']);
  await page.goto('/settings/payment');
  await expect(page.getByText('No card is on file.')).toBeVisible();
  await expect(page.getByText('Sandbox: no real money')).toBeVisible();

  await test.step('a number that is none is refused where it was typed', async () => {
    await page.getByRole('button', { name: 'Leave a card' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Save a card');
    await page.getByLabel('Card number').fill('1234');
    await page.getByRole('button', { name: 'Save card' }).click();
    await expect(page.getByRole('alert')).toHaveText('Your card number is incorrect.');
    await expect(page.getByLabel('Card number')).toHaveValue('1234');
  });

  await test.step('a good one is on file when one comes back', async () => {
    await page.getByLabel('Card number').fill('4242 4242 4242 4242');
    await page.getByRole('button', { name: 'Save card' }).click();
    await expect(page).toHaveURL(/\/settings\/payment\?saved=yes/);
    await expect(page.getByText('A card is on file')).toBeVisible();
  });

  await test.step('the provider keeps a page for cards and invoices', async () => {
    await page.getByRole('button', { name: 'Open that page' }).click();
    await expect(page.getByText('Invoices are charged to the card ending in 4242.')).toBeVisible();
    await page.getByLabel('Card number').fill('5555 5555 5555 4444');
    await page.getByRole('button', { name: 'Use this card' }).click();
    await expect(page).toHaveURL(/\/settings\/payment/);
  });
});

test('a creator says where the money goes @without-javascript', async ({ page }) => {
  await arrive(page, unused('Cleo Hart'), unused('Harbour Press'), ['Creator']);
  await page.goto('/settings/payouts');
  await expect(page.getByText('Your earnings wait here')).toBeVisible();

  await test.step('a country has to be chosen', async () => {
    await page.getByRole('button', { name: 'Set up payouts' }).click();
    await expect(page.getByText('Choose a country from the list.')).toBeVisible();
  });

  await test.step('who leaves half-way is told what is missing, and goes on', async () => {
    await page.getByLabel('Where you or your company are').selectOption('Germany');
    await page.getByRole('button', { name: 'Set up payouts' }).click();
    await page.getByRole('button', { name: 'Leave half-way' }).click();
    await expect(page).toHaveURL(/\/settings\/payouts\?back=yes/);
    await expect(page.getByText('A bank account that your earnings are sent to.')).toBeVisible();
    await page.getByRole('button', { name: 'Go on with the form' }).click();
  });

  await test.step('a document nobody can read stops it, in words', async () => {
    await page.getByRole('button', { name: 'Give a document nobody can read' }).click();
    await expect(page.getByText('Payouts wait')).toBeVisible();
    await expect(page.getByText('The document could not be read')).toBeVisible();
    await page.getByRole('button', { name: 'Go on with the form' }).click();
  });

  await test.step('with everything given, earnings can be sent', async () => {
    await page.getByRole('button', { name: 'Give everything' }).click();
    await expect(page.getByText('Your earnings are sent to your bank')).toBeVisible();
    await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  });
});

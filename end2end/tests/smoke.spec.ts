// The portal answers at all: the first page, and what operators ask for.
import { expect, test } from '../harness/fixtures';

test('the first page says what this is, to everyone @without-javascript', async ({ page }) => {
  const answer = await page.goto('/');
  expect(answer?.status()).toBe(200);
  await expect(page).toHaveTitle(/Imprimatur/);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

for (const path of ['/healthz', '/readyz']) {
  test(`${path} answers`, async ({ request }) => {
    expect((await request.get(path)).status()).toBe(200);
  });
}

// Every page there is: it answers, axe finds nothing, no script fails on it, and it
// says the same with JavaScript off.
import { expect, expectAccessible, signIn, test } from '../harness/fixtures';
import { visit } from '../harness/visit';
import { screens } from '../pages';

for (const screen of screens) {
  test(`${screen.name} is whole and accessible`, async ({ page }) => {
    if (screen.person) await signIn(page, screen.person);
    const answer = await visit(page, screen);
    expect(answer?.status()).toBe(screen.name === 'not-found' ? 404 : 200);
    // The page that shows the components shows several heads of pages.
    if (screen.name !== 'design') await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expectAccessible(page);
  });

  test(`${screen.name} needs no JavaScript @without-javascript`, async ({ page, javaScriptEnabled }) => {
    test.skip(javaScriptEnabled !== false, 'checked in the other project');
    if (screen.person) await signIn(page, screen.person);
    await visit(page, screen);
    await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
    await expect(page.getByText('Loading')).toHaveCount(0);
  });
}

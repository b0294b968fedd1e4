// Takes the pictures: each page of `pages.ts`, on a desk and on a phone, by day
// and by night. A page that scrolls sideways is reported; its pictures are kept.
import { expect, signIn, test } from './harness/fixtures';
import { visit } from './harness/visit';
import { screens } from './pages';

const widths = [1440, 390];
const schemes = ['light', 'dark'] as const;

for (const screen of screens) {
  test(screen.name, async ({ page }) => {
    if (screen.person) await signIn(page, screen.person);
    await visit(page, screen);
    const wider: number[] = [];
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: `screens/${screen.name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) wider.push(width);
    }
    expect(wider, 'widths at which the page scrolls sideways').toEqual([]);
  });
}

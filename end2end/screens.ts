// Takes the pictures: each page of `pages.ts`, on a desk and on a phone, by day
// and by night. Anything that scrolls sideways is reported, the picture kept.
import { expect, test } from './harness/fixtures';
import { open, screens } from './pages';

const widths = [1440, 390];
const schemes = ['light', 'dark'] as const;

for (const screen of screens) {
  test(screen.name, async ({ page }) => {
    await open(page, screen);
    await page.evaluate(() => document.fonts.ready);
    const wider: string[] = [];
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `screens/${screen.name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      if (scrolls) wider.push(`${screen.name} scrolls sideways at ${width}`);
    }
    expect(wider).toEqual([]);
  });
}

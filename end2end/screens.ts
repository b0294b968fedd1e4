// Takes the pictures: each page of `pages.ts`, on a desk and on a phone, by day
// and by night. Anything that scrolls sideways is reported, the picture kept.
import { expect, test } from './harness/fixtures';
import { signIn } from './harness/people';
import { screens } from './pages';

const widths = [1440, 390];
const schemes = ['light', 'dark'] as const;

for (const { name, path, person } of screens) {
  test(name, async ({ page }) => {
    if (person) await signIn(page, person);
    const wider: string[] = [];
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of schemes) {
        await page.emulateMedia({ colorScheme });
        const answer = await page.goto(path);
        expect(answer?.status(), path).toBeLessThan(400);
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: `screens/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      const scrolls = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      if (scrolls) wider.push(`${name} scrolls sideways at ${width}`);
    }
    expect(wider).toEqual([]);
  });
}

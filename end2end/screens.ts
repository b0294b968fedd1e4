// Takes the pictures: each page of `pages.ts`, on a desk and on a phone, by day
// and by night, into screens/.
import { test } from './harness/fixtures';
import { open, tours } from './pages';

const widths = [1440, 390];
const schemes = ['light', 'dark'] as const;

for (const { who, arrive, screens } of tours) {
  test(`what ${who} sees`, async ({ page }) => {
    test.setTimeout(20_000 * (screens.length + 1));
    await arrive?.(page);
    for (const screen of screens) {
      await test.step(screen.name, async () => {
        await open(page, screen);
        await page.evaluate(() => document.fonts.ready);
        for (const width of widths) {
          await page.setViewportSize({ width, height: 900 });
          for (const colorScheme of schemes) {
            await page.emulateMedia({ colorScheme });
            await page.screenshot({ path: `screens/${screen.name}-${width}-${colorScheme}.png`, fullPage: true });
          }
        }
      });
      await page.setViewportSize({ width: widths[0] ?? 0, height: 900 });
    }
  });
}

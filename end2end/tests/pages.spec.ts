// Every page of the product: axe finds nothing by day or by night, nothing scrolls
// sideways on a phone, no text touches the edge of the screen.
import { expect, expectAccessible, test } from '../harness/fixtures';
import { open, screens } from '../pages';

for (const screen of screens) {
  test(`${screen.name} is open to everybody`, async ({ page }) => {
    await open(page, screen);
    await expectAccessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    const tooWide = await page.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((element) => {
          const { right, width, height } = element.getBoundingClientRect();
          return width > 1 && height > 1 && right > window.innerWidth + 1 && !element.closest('pre, .sr-only, .chart__figures');
        })
        .map((element) => `${element.tagName} .${element.className}`),
    );
    expect(tooWide, 'what reaches over the edge of a phone').toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  });
}

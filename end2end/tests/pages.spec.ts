// Every page of the product: axe finds nothing by day or by night, and on a phone
// nothing reaches over the edge of the screen.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from '../harness/fixtures';
import { open, tours } from '../pages';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

// One after the other, so that the last one knows where the others have been.
test.describe.configure({ mode: 'default' });
const visited = new Set<string>();

for (const { who, arrive, screens } of tours) {
  test(`what ${who} sees is open to everybody`, async ({ page }) => {
    test.setTimeout(20_000 * (screens.length + 1));
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) visited.add(new URL(frame.url()).pathname);
    });
    await arrive?.(page);
    for (const screen of screens) {
      await test.step(screen.name, async () => {
        await open(page, screen);
        await expectAccessible(page);
        await page.setViewportSize(PHONE);
        expect.soft(await reachesOver(page), `what reaches over the edge of a phone on ${screen.name}`).toEqual([]);
        await page.setViewportSize(DESK);
      });
    }
  });
}

test('no page was left out', () => {
  const router = readFileSync('../server/src/router.rs', 'utf8');
  const pages = [...router.matchAll(/\.route\(\s*"([^"]+)",\s*page(?:_of)?!/g)].map(([, path]) => path ?? '');
  expect(pages.length).toBeGreaterThan(30);
  const unseen = pages.filter((path) => {
    const like = new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    return ![...visited].some((one) => like.test(one));
  });
  expect(unseen, 'pages of server/src/router.rs on no tour of pages.ts').toEqual([]);
});

async function reachesOver(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll('body *')].filter((element) => {
      const { left, right, width, height } = element.getBoundingClientRect();
      const drawn = width > 1 && height > 1 && !element.closest('pre, .sr-only, .chart__figures, .skip');
      return drawn && (right > window.innerWidth + 1 || left < -1);
    });
    const names = wide.map((element) => `${element.tagName} .${element.className}`);
    return document.documentElement.scrollWidth > window.innerWidth ? ['the page scrolls sideways', ...names] : names;
  });
}

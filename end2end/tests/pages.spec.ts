// Every page of the product: axe finds nothing by day or by night, and on a phone
// nothing reaches over the edge of the screen.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, expectAccessible, test } from '../harness/fixtures';
import { open, tours } from '../pages';
import { visitedFolder } from '../harness/places';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

for (const { who, arrive, screens } of tours) {
  test(`what ${who} sees is open to everybody`, async ({ page }) => {
    test.setTimeout(20_000 * (screens.length + 1));
    const visited = new Set<string>();
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
    mkdirSync(visitedFolder, { recursive: true });
    writeFileSync(join(visitedFolder, who), [...visited].join('\n'));
  });
}

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

// What is kept on paper: black on white, nothing to press, no column lost, and where it is from.
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { signIn } from '../harness/people';
import { portal } from '../harness/places';

/** A4 without its margins, in CSS pixels. */
const SHEET = { width: 688, height: 970 };

async function expectPrintable(page: Page): Promise<void> {
  await page.waitForLoadState();
  await page.setViewportSize(SHEET);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const looks = await page.evaluate(() => {
    const main = document.querySelector('main');
    return {
      paper: getComputedStyle(document.documentElement).backgroundColor,
      ink: main && getComputedStyle(main).color,
      wide: document.documentElement.scrollWidth > window.innerWidth,
    };
  });
  expect(looks, page.url()).toEqual({ paper: 'rgb(255, 255, 255)', ink: 'rgb(0, 0, 0)', wide: false });
  // The way down to the page stays: on a receipt it names it.
  await expect(page.locator(':is(nav:not(.breadcrumb), button, select):visible')).toHaveCount(0);
  const { pathname, search } = new URL(page.url());
  await expect(page.locator('.print-foot')).toBeVisible();
  await expect(page.locator('.print-foot')).toContainText(`Imprimatur. ${portal}${pathname}${search}, as of `);
  const lost = page.locator('.table__cell--support:visible');
  expect(await lost.count()).toBe(await page.locator('.table__cell--support').count());
  expect((await page.pdf({ format: 'A4', preferCSSPageSize: true })).subarray(0, 5).toString()).toBe('%PDF-');
  await page.emulateMedia({ media: null, colorScheme: null });
}

test('a creator prints use, a receipt, a statement and terms', async ({ page }) => {
  await signIn(page, 'Mira Okafor', '/usage?days=7');
  await expectPrintable(page);
  // The figures of a chart, which the screen keeps one click away.
  await page.emulateMedia({ media: 'print' });
  await expect(page.locator('.chart__figures').first()).toBeVisible();
  await page.emulateMedia({ media: null });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/feed');
  await page.getByRole('main').locator('.table__link').first().click();
  await expectPrintable(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/earnings');
  await page.getByRole('main').locator('.table__link').first().click();
  await expectPrintable(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/terms');
  await page.getByRole('main').locator('.table__link').first().click();
  await expectPrintable(page);
});

test('a buyer prints an invoice, a license and an offer', async ({ page }) => {
  await signIn(page, 'Jonas Weber', '/invoices');
  await page.getByRole('main').locator('.table__link').first().click();
  await expectPrintable(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/licenses');
  await page.getByRole('main').locator('.table__link').first().click();
  await expectPrintable(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/catalogue?q=salt+roads');
  await page.getByRole('main').getByRole('link', { name: 'The Salt Roads', exact: true }).click();
  await expectPrintable(page);
});

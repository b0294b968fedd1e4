// By keyboard alone, on a phone, and what scripts add: nothing is needed that a hand
// or a reader cannot reach, and wherever the focus is, it is seen.
import type { Locator, Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures';
import { signIn } from '../harness/people';

const STEPS_MAX = 60;

/** Presses Tab until `target` has the focus; each stop on the way can be seen. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let step = 0; step < STEPS_MAX; step++) {
    await page.keyboard.press('Tab');
    const unseen = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      // A card's control is drawn by the card around it.
      const drawn = [element, element.closest('.card')].filter((each) => each !== null);
      const seen = drawn.some((each) => {
        const style = getComputedStyle(each);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
      });
      const { width, height, bottom, right } = element.getBoundingClientRect();
      const here = width > 0 && height > 0 && bottom > 0 && right > 0;
      return seen && here ? null : `${element.tagName} .${element.className} “${element.textContent?.trim().slice(0, 40)}”`;
    });
    expect(unseen, 'a stop of the keyboard that cannot be seen').toBeNull();
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`The keyboard does not reach ${target}.`);
}

/** Presses Enter where it leads to another page. */
async function enter(page: Page): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.keyboard.press('Enter');
  await loaded;
}

test('the keyboard alone licenses a work and makes a token @without-javascript', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('main').getByRole('link', { name: 'Browse the catalogue' }));
  await enter(page);
  await tabTo(page, page.getByRole('link', { name: 'tidewater' }));
  await enter(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('tidewater');
  await tabTo(page, page.getByRole('link', { name: 'License Preview' }));
  await enter(page);
  await tabTo(page, page.getByRole('button', { name: /^Continue with/ }).first());
  await enter(page);
  const name = page.getByLabel('Your name');
  await name.focus();
  await page.keyboard.type(`Kei Board ${Date.now()}`);
  await enter(page);
  await tabTo(page, page.getByLabel('Organization'));
  await page.keyboard.type('Keys Only');
  await tabTo(page, page.getByLabel('Buyer', { exact: true }));
  await page.keyboard.press('Space');
  await enter(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('License tidewater');
  await tabTo(page, page.getByRole('checkbox', { name: /accepts these terms/ }));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('button', { name: 'Accept and license' }));
  await enter(page);
  await tabTo(page, page.getByRole('link', { name: 'Create token' }).first());
  await enter(page);
  await tabTo(page, page.getByLabel('Name'));
  await page.keyboard.type('By hand');
  await enter(page);
  await expect(page.locator('.secret__value')).toBeVisible();
  await tabTo(page, page.getByRole('link', { name: 'To the license' }));
});

test('the navigation of a phone opens and closes @without-javascript', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, 'Mira Okafor');
  const works = page.getByRole('link', { name: 'Works', exact: true });
  const menu = page.getByRole('button', { name: 'Menu' });
  await expect(works).toBeHidden();
  await menu.click();
  await expect(works).toBeVisible();
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(works).toBeHidden();
  await menu.focus();
  await page.keyboard.press('Enter');
  await expect(works).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(works).toBeHidden();
  await expect(menu).toBeFocused();
  await menu.click();
  await works.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Works');
  await expect(works).toBeHidden();
});

test('what is offered to copy is copied whole', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, 'Jonas Weber', '/licenses');
  await page.getByRole('link', { name: 'The Salt Roads' }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  const request = page.locator('figure.code').first();
  await request.getByRole('button', { name: /Copy/ }).first().click();
  await expect(request.getByRole('button').first()).toContainText('Copied');
  expect(await copied()).toBe(await request.locator('code').textContent());

  await page.getByRole('button', { name: /^Copy content ID/ }).click();
  await expect.poll(copied).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('a chart is read by pointer and by keyboard', async ({ page }) => {
  await signIn(page, 'Mira Okafor', '/usage');
  const chart = page.getByRole('group', { name: /read values with the arrow keys/ });
  const value = chart.locator('.chart__value').first();
  await expect(chart).toHaveAttribute('tabindex', '0');
  await chart.locator('.chart__svg').first().hover();
  await expect(value).toBeVisible();
  await expect(value).toHaveText(/^\d+\s\w+\s[\d,]+( \(before [\d,]+\))?$/);
  await page.mouse.move(0, 0);
  await expect(value).toBeHidden();

  await chart.focus();
  await page.keyboard.press('End');
  const newest = await value.innerText();
  await page.keyboard.press('ArrowLeft');
  await expect(value).not.toHaveText(newest);
  await expect(chart.locator('[aria-live]')).toContainText((await value.innerText()).trim());
  await page.keyboard.press('Escape');
  await expect(value).toBeHidden();

  // The same figures are there for those who read no charts.
  await page.getByText('The same figures as a table').click();
  // What is shortened is exact in its title.
  const figure = page.locator('.figure', { hasText: 'Deliveries' }).locator('.figure__value');
  const total = ((await figure.locator('abbr').getAttribute('title')) ?? '').replace(/,/g, '');
  const days = await page.getByRole('table', { name: 'Use per day' }).locator('tbody tr td:nth-child(2)').allInnerTexts();
  expect(days.reduce((sum, day) => sum + Number(day.replace(/,/g, '')), 0)).toBe(Number(total));
});

test('whoever asks for less motion gets none', async ({ page }) => {
  for (const path of ['/', '/catalogue', '/design']) {
    await page.goto(path);
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')]
        .filter((element) => {
          const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(element);
          const longest = Math.max(...`${transitionDuration},${animationDuration}`.split(',').map(parseFloat));
          return longest > 0.01 || scrollBehavior === 'smooth';
        })
        .map((element) => `${element.tagName} .${element.className}`),
    );
    expect(moving).toEqual([]);
  }
});

test('the WebAssembly of a page weighs at most 150 KB', async ({ page }) => {
  const weights: number[] = [];
  page.on('response', async (response) => {
    if (response.url().endsWith('.wasm')) weights.push(Number(response.headers()['content-length']));
  });
  await signIn(page, 'Mira Okafor', '/usage');
  await page.waitForLoadState('networkidle');
  expect(weights.length).toBeGreaterThan(0);
  for (const weight of weights) expect(weight).toBeLessThanOrEqual(150 * 1024);
});

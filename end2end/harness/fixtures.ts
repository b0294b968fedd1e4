// What every test is written with. A page on which a script fails, or which the
// content security policy had to stop, fails its test, whatever the test is about.
import AxeBuilder from '@axe-core/playwright';
import { type Page, expect, test as base } from '@playwright/test';
import { portal } from './places';

export { expect };

export const test = base.extend<{ noScriptFails: void }>({
  noScriptFails: [
    async ({ context }, use) => {
      const failures: string[] = [];
      context.on('weberror', (failure) => failures.push(failure.error().message));
      context.on('console', (message) => {
        // A refusal answered with 4xx is the page at work; the browser logs it too.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
          failures.push(message.text());
        }
      });
      await use();
      expect(failures, 'errors in the console of the browser').toEqual([]);
    },
    { auto: true },
  ],
});

/** Walks through the sign-in provider as a person does; ends where `next` says. */
export async function signIn(page: Page, person: string, next = '/'): Promise<void> {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByRole('button', { name: /^Continue with/ }).first().click();
  await page.getByRole('button', { name: person }).click();
  await page.waitForURL((url) => url.origin === portal && !url.pathname.startsWith('/auth/'));
}

/** Nothing that axe knows of bars anyone from the page, by day or by night. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    const found = violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id} at ${node.target.join(' ')}: ${violation.help}`),
    );
    expect(found, `what axe finds at ${page.url()} (${colorScheme})`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}

// What every test is written with. A page on which a script fails, or which the
// content security policy had to stop, fails its test, whatever the test is about.
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, type Page, expect, test as base } from '@playwright/test';

export { expect };

interface Fixtures {
  /** What went wrong in any browser of the test; must be empty at its end. */
  failures: string[];
  /** Opens a browser of its own: somebody else, who shares no cookie with anybody. */
  anotherBrowser: () => Promise<Page>;
}

export const test = base.extend<Fixtures>({
  failures: [
    async ({ context }, use) => {
      const failures: string[] = [];
      watch(context, failures);
      await use(failures);
      expect(failures, 'errors in the console of the browser').toEqual([]);
    },
    { auto: true },
  ],
  anotherBrowser: async ({ browser, failures }, use) => {
    const opened: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext();
      opened.push(context);
      watch(context, failures);
      return context.newPage();
    });
    for (const context of opened) await context.close();
  },
});

function watch(context: BrowserContext, failures: string[]): void {
  context.on('weberror', (failure) => failures.push(failure.error().message));
  context.on('console', (message) => {
    // A refusal answered with 4xx is the page at work; the browser logs it too.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      failures.push(message.text());
    }
  });
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Nothing that axe knows of bars anyone from the page, by day or by night. */
export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const axe = new AxeBuilder({ page });
    // By night only the colours differ.
    if (colorScheme === 'light') axe.withTags(RULES);
    else axe.withRules('color-contrast');
    const { violations } = await axe.analyze();
    const found = violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id} at ${node.target.join(' ')}: ${violation.help}`),
    );
    expect.soft(found, `what axe finds at ${page.url()} (${colorScheme})`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null });
}

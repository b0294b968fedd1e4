// Goes to a page of the list, as the person who looks at it.
import { type Page, type Response, expect } from '@playwright/test';
import type { Screen } from '../pages';

export async function visit(page: Page, { path, follow }: Screen): Promise<Response | null> {
  const answer = await page.goto(path);
  if (!follow) return answer;
  const links = await page.getByRole('main').getByRole('link').evaluateAll((all) =>
    all.map((link) => link.getAttribute('href') ?? ''),
  );
  const target = links.find((link) => link.startsWith(follow) && !link.endsWith('/new') && !link.includes('?'));
  expect(target, `a link to ${follow} on ${path}`).toBeTruthy();
  return page.goto(target ?? path);
}

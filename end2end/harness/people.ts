// People: those of the demo, and new ones who come in as anybody would. Every name
// made here is new, so that tests never meet what another one left.
import { randomBytes } from 'node:crypto';
import { type Page, expect } from '@playwright/test';
import { portal } from './places';

/** `word` with something behind it that nobody has used. */
export function unused(word: string): string {
  return `${word} ${randomBytes(4).toString('hex')}`;
}

/** Signs in as somebody the provider knows; ends where `next` says. */
export async function signIn(page: Page, person: string, next = '/overview'): Promise<void> {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
  await passProvider(page, () => page.getByRole('button', { name: person }).click());
}

/** From the page that lists the providers: signs in as somebody nobody knows yet. */
export async function signInAsNew(page: Page, name: string): Promise<void> {
  await passProvider(page, async () => {
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Sign in as somebody new' }).click();
  });
}

async function passProvider(page: Page, choose: () => Promise<void>): Promise<void> {
  await page.getByRole('button', { name: /^Continue with/ }).first().click();
  await expect(page.getByRole('heading', { name: 'Who are you?' })).toBeVisible();
  await choose();
  await page.waitForURL((url) => url.origin === portal && !url.pathname.startsWith('/auth/'));
}

export type Side = 'Creator' | 'Buyer';

/** On the welcome page: founds an organization and goes on. */
export async function foundOrganization(page: Page, name: string, sides: Side[]): Promise<void> {
  await expect(page).toHaveURL(/\/welcome/);
  await page.getByLabel('Organization').fill(name);
  for (const side of sides) await choose(page, side);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await expect(page).not.toHaveURL(/\/welcome/);
}

/** Somebody new with an organization of their own; ends on their overview. */
export async function arrive(page: Page, person: string, organization: string, sides: Side[]): Promise<void> {
  await page.goto('/sign-in');
  await signInAsNew(page, person);
  await foundOrganization(page, organization, sides);
}

/** Chooses a card by its label, as a hand does: the label covers the control. */
export async function choose(page: Page, label: string): Promise<void> {
  await page.locator('.card__label').getByText(label, { exact: true }).click();
  await expect(page.getByLabel(label, { exact: true })).toBeChecked();
}

// Every page of the product, and who looks at it: `make screens` takes its pictures,
// and the tests look for whatever bars anyone from it. A page behind an id is found
// as a person finds it: by following the first link of a list.
import { type Page, expect } from '@playwright/test';
import { arrive, choose, signIn, unused } from './harness/people';

export interface Screen {
  name: string;
  /** The address, or the way there. */
  open: string | ((page: Page) => Promise<void>);
  /** Who is signed in; without one, a visitor looks. */
  person?: string;
  /** What the page answers with; 200 unless told. */
  status?: number;
}

const MIRA = 'Mira Okafor';
const JONAS = 'Jonas Weber';
const ADA = 'Ada Lindqvist';
const TOMAS = 'Tomás Rivera';
const NOOR = 'Noor Haddad';

/** Follows the first link of a list, or the one that says `named`, and then `links`. */
function through(list: string, named?: string, ...links: string[]) {
  return async (page: Page) => {
    await page.goto(list);
    const rows = page.getByRole('main').locator('.table__link');
    await (named ? rows.filter({ hasText: named }) : rows).first().click();
    for (const name of links) await page.getByRole('main').getByRole('link', { name }).first().click();
  };
}

/** Sends the form of a page after `fill`; it is refused. */
function refused(form: (page: Page) => Promise<void>, button: string, fill: (page: Page) => Promise<void>) {
  return async (page: Page) => {
    await form(page);
    await fill(page);
    await page.getByRole('button', { name: button, exact: true }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  };
}

const at = (path: string) => async (page: Page) => void (await page.goto(path));

const everybody: Screen[] = [
  { name: 'landing', open: '/' },
  { name: 'catalogue', open: '/catalogue' },
  { name: 'catalogue-of-a-kind', open: '/catalogue?kind=data' },
  { name: 'catalogue-empty', open: '/catalogue?kind=video' },
  { name: 'work', open: through('/catalogue', 'The Salt Roads') },
  { name: 'terms-published', open: through('/catalogue', 'The Salt Roads', 'For machines') },
  { name: 'sign-in', open: '/sign-in' },
  {
    name: 'provider',
    open: async (page) => {
      await page.goto('/sign-in');
      await page.getByRole('button', { name: /^Continue with/ }).first().click();
    },
  },
  {
    name: 'sign-in-cancelled',
    status: 403,
    open: async (page) => {
      await page.goto('/sign-in');
      await page.getByRole('button', { name: /^Continue with/ }).first().click();
      await page.getByRole('button', { name: 'Cancel and go back' }).click();
    },
  },
  { name: 'nothing-here', open: '/no/such/page', status: 404 },
  { name: 'design', open: '/design' },
];

const creators: Screen[] = [
  { name: 'creator-overview', open: '/overview', person: MIRA },
  { name: 'creator-works', open: '/assets', person: MIRA },
  { name: 'creator-work', open: through('/assets', 'The Salt Roads'), person: MIRA },
  { name: 'creator-work-without-offer', open: through('/assets', 'Readings from the marsh'), person: MIRA },
  { name: 'creator-register', open: '/assets/new', person: MIRA },
  {
    name: 'creator-register-refused',
    open: refused(at('/assets/new'), 'Register work', async (page) => {
      await page.getByLabel('Description').fill('Kept as it was typed.');
    }),
    person: MIRA,
    status: 422,
  },
  { name: 'creator-offer', open: through('/assets', 'Readings from the marsh', 'Publish an offer'), person: MIRA },
  { name: 'creator-offer-again', open: through('/assets', 'The Salt Roads', 'Publish another offer'), person: MIRA },
  {
    name: 'creator-offer-refused',
    open: refused(through('/assets', 'Readings from the marsh', 'Publish an offer'), 'Publish offer', async (page) => {
      await page.getByLabel('Base fee').fill('a lot');
    }),
    person: MIRA,
    status: 422,
  },
  { name: 'creator-terms', open: '/terms', person: MIRA },
  { name: 'creator-own-work-in-catalogue', open: through('/catalogue', 'The Salt Roads'), person: MIRA },
  { name: 'creator-usage', open: '/usage', person: MIRA },
  { name: 'creator-usage-90-days', open: '/usage?days=90', person: MIRA },
  { name: 'creator-feed', open: '/feed', person: MIRA },
  { name: 'creator-receipt', open: through('/feed'), person: MIRA },
  { name: 'members', open: '/settings/members', person: MIRA },
  {
    name: 'invitation-made',
    open: async (page) => {
      await page.goto('/settings/members');
      await page.getByRole('button', { name: 'Make an invitation link' }).click();
    },
    person: MIRA,
  },
  { name: 'settings', open: '/settings', person: MIRA },
  {
    name: 'settings-refused',
    open: refused(at('/settings'), 'Save', async (page) => {
      await page.getByLabel('Organization').fill('');
    }),
    person: MIRA,
    status: 422,
  },
  { name: 'sessions', open: '/settings/sessions', person: MIRA },
];

const buyers: Screen[] = [
  { name: 'buyer-overview', open: '/overview', person: JONAS },
  { name: 'buyer-work', open: through('/catalogue', 'The Salt Roads'), person: JONAS },
  { name: 'buyer-licenses', open: '/licenses', person: JONAS },
  { name: 'buyer-license', open: through('/licenses', 'The Salt Roads'), person: JONAS },
  { name: 'buyer-new-token', open: through('/licenses', 'The Salt Roads', 'Create token'), person: JONAS },
  {
    name: 'buyer-new-token-refused',
    open: refused(through('/licenses', 'The Salt Roads', 'Create token'), 'Create token', async () => {}),
    person: JONAS,
    status: 422,
  },
  {
    name: 'buyer-token-created',
    open: async (page) => {
      await through('/licenses', 'The Salt Roads', 'Create token')(page);
      await page.getByLabel('Name').fill('Training run 7');
      await page.getByRole('button', { name: 'Create token' }).click();
    },
    person: JONAS,
  },
  { name: 'buyer-usage', open: '/usage', person: JONAS },
  { name: 'buyer-feed', open: '/feed?billable=yes', person: JONAS },
  { name: 'buyer-receipt', open: through('/feed'), person: JONAS },
  { name: 'not-with-this-role', open: '/assets/new', person: JONAS, status: 403 },
  { name: 'nothing-here-signed-in', open: '/licenses/01ARZ3NDEKTSV4RRFFQ69G5FAV', person: JONAS, status: 404 },
  { name: 'cursor-tampered', open: '/feed?cursor=x', person: JONAS, status: 400 },
];

const others: Screen[] = [
  { name: 'both-sides-overview', open: '/overview', person: ADA },
  { name: 'both-sides-overview-as-buyer', open: '/overview?side=buyer', person: ADA },
  { name: 'both-sides-feed', open: '/feed', person: ADA },
  { name: 'accept', open: through('/catalogue', 'Tide tables', 'License Premium'), person: ADA },
  {
    name: 'accept-refused',
    open: refused(through('/catalogue', 'Tide tables', 'License Premium'), 'Accept and license', async () => {}),
    person: ADA,
    status: 422,
  },
  { name: 'viewer-overview', open: '/overview', person: TOMAS },
  { name: 'viewer-members', open: '/settings/members', person: TOMAS },
  { name: 'viewer-settings', open: '/settings', person: TOMAS },
  { name: 'welcome', open: '/welcome', person: NOOR },
  {
    name: 'welcome-refused',
    open: refused(at('/welcome'), 'Found organization', async (page) => {
      await page.getByLabel('Your name').fill('Noor Haddad');
    }),
    person: NOOR,
    status: 422,
  },
  { name: 'no-organization-sessions', open: '/settings/sessions', person: NOOR },
];

/** Somebody new, whose every list is empty. */
function empty(name: string, path: string): Screen {
  return {
    name: `empty-${name}`,
    open: async (page) => {
      await arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Creator', 'Buyer']);
      await page.goto(path);
    },
  };
}

const newcomers: Screen[] = [
  empty('overview', '/overview'),
  empty('overview-as-buyer', '/overview?side=buyer'),
  empty('works', '/assets'),
  empty('terms', '/terms'),
  empty('licenses', '/licenses'),
  empty('usage', '/usage'),
  empty('feed', '/feed'),
  {
    name: 'empty-license',
    open: async (page) => {
      await arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Buyer']);
      await through('/catalogue', 'The Salt Roads', 'License Preview')(page);
      await choose(page, 'Preview');
      await page.getByRole('checkbox', { name: /accepts these terms/ }).check();
      await page.getByRole('button', { name: 'Accept and license' }).click();
    },
  },
  {
    name: 'invitation',
    open: async (page) => {
      await arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Creator']);
      await page.goto('/settings/members');
      await page.getByRole('button', { name: 'Make an invitation link' }).click();
      const link = await page.locator('.secret__value').innerText();
      await page.context().clearCookies();
      await signIn(page, NOOR, new URL(link).pathname);
    },
  },
  { name: 'invitation-unknown', open: '/join/nobody-made-this', person: NOOR, status: 404 },
];

export const screens: Screen[] = [...everybody, ...creators, ...buyers, ...others, ...newcomers];

/** Goes to a page as the person who looks at it, and checks what it answers with. */
export async function open(page: Page, { open: way, person, status = 200 }: Screen): Promise<void> {
  if (person) await signIn(page, person);
  let answered = 0;
  const last = (response: { status(): number; request(): { isNavigationRequest(): boolean } }) => {
    if (response.request().isNavigationRequest()) answered = response.status();
  };
  page.on('response', last);
  if (typeof way === 'string') await page.goto(way);
  else await way(page);
  await page.waitForLoadState('load');
  page.off('response', last);
  expect(answered, `what ${page.url()} answers with`).toBe(status);
}

// Every page of the product, by who looks at it: `make screens` takes its pictures,
// and the tests look for whatever bars anyone from it. A page behind an id is found
// as a person finds it: by following the first link of a list.
import { type Page, expect } from '@playwright/test';
import { arrive, choose, signIn, unused } from './harness/people';

export interface Screen {
  name: string;
  /** The address, or the way there. */
  open: string | ((page: Page) => Promise<void>);
  /** What the page answers with; 200 unless told. */
  status?: number;
}

/** What one person sees, in one browser. */
export interface Tour {
  who: string;
  arrive?: (page: Page) => Promise<void>;
  screens: Screen[];
}

const as = (person: string) => (page: Page) => signIn(page, person);

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

/** The form of an offer in one of the price models. */
const offerIn = (model: string) => through('/assets', 'Readings from the marsh', 'Publish an offer', model);

const at = (path: string) => async (page: Page) => void (await page.goto(path));

const everybody: Screen[] = [
  { name: 'landing', open: '/' },
  { name: 'catalogue', open: '/catalogue' },
  { name: 'catalogue-of-a-kind', open: '/catalogue?kind=data' },
  { name: 'catalogue-empty', open: '/catalogue?kind=video' },
  { name: 'catalogue-searched', open: '/catalogue?q=salt+raods' },
  { name: 'catalogue-nothing-fits', open: '/catalogue?q=submarine&kind=text' },
  { name: 'creator', open: through('/catalogue', 'The Salt Roads', 'Hollow Fen Press') },
  { name: 'collections', open: '/collections' },
  { name: 'collection', open: through('/collections', 'The fens before the pumps') },
  {
    name: 'collection-nothing-fits',
    open: async (page) => {
      await through('/collections', 'The fens before the pumps')(page);
      await page.goto(`${page.url()}?kind=video`);
    },
  },
  { name: 'work', open: through('/catalogue', 'The Salt Roads') },
  { name: 'terms-published', open: through('/catalogue', 'The Salt Roads', 'For machines') },
  { name: 'docs', open: '/docs' },
  { name: 'docs-quickstart', open: '/docs/quickstart' },
  { name: 'docs-receipts', open: '/docs/receipts' },
  { name: 'docs-errors', open: '/docs/errors' },
  { name: 'find', open: '/find' },
  { name: 'find-nothing', open: '/find?q=no+such+thing' },
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
  { name: 'creator-overview', open: '/overview' },
  { name: 'creator-works', open: '/assets' },
  { name: 'creator-work', open: through('/assets', 'The Salt Roads') },
  { name: 'creator-work-without-offer', open: through('/assets', 'Readings from the marsh') },
  { name: 'creator-register', open: '/assets/new' },
  {
    name: 'creator-register-refused',
    open: refused(at('/assets/new'), 'Register work', async (page) => {
      await page.getByLabel('Description').fill('Kept as it was typed.');
    }),
    status: 422,
  },
  { name: 'creator-work-edit', open: through('/assets', 'The Salt Roads', 'Edit') },
  { name: 'creator-work-new-version', open: through('/assets', 'The Salt Roads', 'Add a version') },
  { name: 'creator-data-set', open: through('/assets', 'Tide tables') },
  { name: 'creator-several', open: at('/assets/several') },
  {
    name: 'creator-several-refused',
    open: refused(at('/assets/several'), 'Register works', async (page) => {
      await page.getByLabel('Credit line').fill('Kept as it was typed.');
    }),
    status: 422,
  },
  {
    name: 'creator-works-none-ticked',
    open: refused(at('/assets'), 'Add', async () => {}),
    status: 422,
  },
  { name: 'creator-collections', open: '/assets/collections' },
  { name: 'creator-collection', open: through('/assets/collections', 'The fens before the pumps') },
  { name: 'creator-collection-edit', open: through('/assets/collections', 'The fens before the pumps', 'Edit') },
  { name: 'creator-collection-as-buyers-see-it', open: through('/assets/collections', 'The fens before the pumps', 'See it as buyers do') },
  {
    name: 'creator-collection-place-refused',
    open: refused(through('/assets/collections', 'The fens before the pumps'), 'Save the order', async (page) => {
      await page.getByLabel(/^Place of/).first().fill('first');
    }),
    status: 422,
  },
  { name: 'creator-new-collection', open: '/assets/collections/new' },
  {
    name: 'creator-new-collection-refused',
    open: refused(at('/assets/collections/new'), 'Make collection', async (page) => {
      await page.getByLabel('Description').fill('Kept as it was typed.');
    }),
    status: 422,
  },
  { name: 'creator-claims-none', open: '/assets/claims' },
  { name: 'creator-offer', open: through('/assets', 'Readings from the marsh', 'Publish an offer') },
  { name: 'creator-offer-again', open: through('/assets', 'The Salt Roads', 'Publish another offer') },
  {
    name: 'creator-offer-refused',
    open: refused(through('/assets', 'Readings from the marsh', 'Publish an offer'), 'Publish offer', async (page) => {
      await page.getByLabel('Base fee').fill('a lot');
    }),
    status: 422,
  },
  { name: 'creator-offer-per-use', open: offerIn('Per use') },
  { name: 'creator-offer-revenue-share', open: offerIn('Revenue share') },
  { name: 'creator-offer-upfront', open: offerIn('Up-front plus residuals') },
  { name: 'creator-offer-prepaid', open: offerIn('Annual prepaid') },
  {
    name: 'creator-offer-tried',
    open: async (page) => {
      await through('/assets', 'The Salt Roads', 'Publish another offer')(page);
      await page.getByLabel('Base fee').fill('2500');
      await page.getByRole('button', { name: 'Try it on last month' }).click();
      await expect(page.getByRole('status')).toContainText(/would/);
    },
  },
  { name: 'creator-offers', open: '/offers' },
  { name: 'creator-sites', open: '/sites' },
  { name: 'creator-site', open: through('/sites', 'gazette') },
  { name: 'creator-site-try', open: through('/sites', 'gazette', 'Try a path') },
  {
    name: 'creator-site-tried',
    open: async (page) => {
      await through('/sites', 'gazette', 'Try a path')(page);
      await page.getByLabel('Path').fill('/articles/harbour-wall');
      await page.getByRole('button', { name: 'Try it' }).click();
      await expect(page.getByRole('heading', { name: 'The answer' })).toBeVisible();
    },
  },
  { name: 'creator-claim-site', open: '/sites/new' },
  {
    name: 'creator-claim-site-refused',
    open: refused(at('/sites/new'), 'Claim site', async (page) => {
      await page.getByLabel('Host').fill('https://example.com/');
    }),
    status: 422,
  },
  { name: 'creator-terms', open: '/terms' },
  { name: 'creator-new-terms', open: '/terms/new' },
  { name: 'creator-new-terms-version', open: through('/terms', undefined, 'Write a new version') },
  {
    name: 'creator-new-terms-refused',
    open: refused(at('/terms/new'), 'Publish terms', async (page) => {
      await page.getByLabel('Countries').fill('Atlantis');
    }),
    status: 422,
  },
  { name: 'creator-own-work-in-catalogue', open: through('/catalogue', 'The Salt Roads') },
  { name: 'creator-usage', open: '/usage' },
  { name: 'creator-usage-90-days', open: '/usage?days=90' },
  { name: 'creator-usage-by-buyer', open: '/usage?days=7&by=counterparty&scope=inference' },
  { name: 'creator-usage-12-months', open: '/usage?days=365&by=license' },
  { name: 'creator-usage-one-day', open: '/usage?days=1' },
  {
    name: 'creator-usage-narrowed',
    open: async (page) => {
      await page.goto('/usage?by=counterparty');
      await page.getByRole('table', { name: 'Buyer, by use' }).getByRole('link').first().click();
    },
  },
  { name: 'creator-feed', open: '/feed' },
  { name: 'creator-feed-refused', open: '/feed?outcome=refused' },
  { name: 'creator-receipt', open: through('/feed') },
  { name: 'creator-earnings', open: '/earnings' },
  { name: 'creator-statement', open: through('/earnings') },
  { name: 'creator-statement-none', open: `/earnings/${new Date().toISOString().slice(0, 7)}` },
  { name: 'creator-payouts', open: '/payouts' },
  { name: 'creator-find', open: '/find?q=salt' },
  { name: 'members', open: '/settings/members' },
  {
    name: 'invitation-made',
    open: async (page) => {
      await page.goto('/settings/members');
      await page.getByRole('button', { name: 'Make an invitation link' }).click();
    },
  },
  { name: 'settings', open: '/settings' },
  {
    name: 'settings-refused',
    open: refused(at('/settings'), 'Save', async (page) => {
      await page.getByLabel('Organization').fill('');
    }),
    status: 422,
  },
  { name: 'profile', open: '/settings/profile' },
  {
    name: 'profile-refused',
    open: refused(at('/settings/profile'), 'Save profile', async (page) => {
      await page.getByLabel('Website').fill('nowhere');
    }),
    status: 422,
  },
  { name: 'sessions', open: '/settings/sessions' },
  { name: 'getting-paid', open: '/settings/payouts' },
];

const buyers: Screen[] = [
  { name: 'buyer-overview', open: '/overview' },
  { name: 'buyer-work', open: through('/catalogue', 'The Salt Roads') },
  { name: 'buyer-licenses', open: '/licenses' },
  { name: 'buyer-payment', open: '/settings/payment' },
  { name: 'buyer-license', open: through('/licenses', 'The Salt Roads') },
  { name: 'buyer-rotate-token', open: through('/licenses', 'The Salt Roads', 'Rotate') },
  { name: 'buyer-new-token', open: through('/licenses', 'The Salt Roads', 'Create token') },
  {
    name: 'buyer-new-token-refused',
    open: refused(through('/licenses', 'The Salt Roads', 'Create token'), 'Create token', async () => {}),
    status: 422,
  },
  {
    name: 'buyer-token-created',
    open: async (page) => {
      await through('/licenses', 'The Salt Roads', 'Create token')(page);
      await page.getByLabel('Name').fill('Training run 7');
      await page.getByRole('button', { name: 'Create token' }).click();
    },
  },
  { name: 'buyer-usage', open: '/usage' },
  { name: 'buyer-usage-region', open: '/usage?by=region' },
  { name: 'buyer-feed', open: '/feed?outcome=billable' },
  {
    name: 'buyer-feed-of-a-token',
    open: async (page) => {
      await through('/feed')(page);
      await page.getByRole('link', { name: 'Deliveries to this token' }).click();
    },
  },
  { name: 'buyer-usage-unreadable', open: '/usage?from=2026-02-30', status: 422 },
  { name: 'buyer-invoices', open: '/invoices' },
  { name: 'buyer-invoice', open: through('/invoices') },
  { name: 'buyer-receipt', open: through('/feed') },
  { name: 'not-with-this-role', open: '/assets/new', status: 403 },
  { name: 'nothing-here-signed-in', open: '/licenses/01ARZ3NDEKTSV4RRFFQ69G5FAV', status: 404 },
  { name: 'cursor-tampered', open: '/feed?cursor=x', status: 400 },
];

const bothSides: Screen[] = [
  { name: 'both-sides-overview', open: '/overview' },
  { name: 'both-sides-overview-as-buyer', open: '/overview?side=buyer' },
  { name: 'both-sides-feed', open: '/feed' },
  { name: 'accept', open: through('/catalogue', 'Tide tables', 'License Premium') },
  {
    name: 'accept-refused',
    open: refused(through('/catalogue', 'Tide tables', 'License Premium'), 'Accept and license', async () => {}),
    status: 422,
  },
];

const viewers: Screen[] = [
  { name: 'viewer-overview', open: '/overview' },
  { name: 'viewer-members', open: '/settings/members' },
  { name: 'viewer-settings', open: '/settings' },
  { name: 'viewer-profile', open: '/settings/profile' },
];

const withoutOrganization: Screen[] = [
  { name: 'welcome', open: '/welcome' },
  {
    name: 'welcome-refused',
    open: refused(at('/welcome'), 'Create organization', async (page) => {
      await page.getByLabel('Your name').fill('Noor Haddad');
    }),
    status: 422,
  },
  { name: 'no-organization-sessions', open: '/settings/sessions' },
  { name: 'invitation-unknown', open: '/join/nobody-made-this', status: 404 },
];

const nothingYet: Screen[] = [
  { name: 'empty-overview', open: '/overview' },
  { name: 'empty-overview-as-buyer', open: '/overview?side=buyer' },
  { name: 'empty-works', open: '/assets' },
  { name: 'empty-collections', open: '/assets/collections' },
  { name: 'empty-profile', open: '/settings/profile' },
  { name: 'empty-sites', open: '/sites' },
  { name: 'empty-terms', open: '/terms' },
  { name: 'empty-offers', open: '/offers' },
  { name: 'empty-licenses', open: '/licenses' },
  { name: 'empty-earnings', open: '/earnings' },
  { name: 'empty-payouts', open: '/payouts' },
  { name: 'empty-invoices', open: '/invoices' },
  { name: 'empty-usage', open: '/usage' },
  { name: 'empty-feed', open: '/feed' },
  {
    name: 'empty-license',
    open: async (page) => {
      await through('/catalogue', 'The Salt Roads', 'License Preview')(page);
      await choose(page, 'Preview');
      await page.getByRole('checkbox', { name: /accepts these terms/ }).check();
      await page.getByRole('button', { name: 'Accept and license' }).click();
    },
  },
];

const seesCoarsely: Screen[] = [
  { name: 'coarse-overview', open: '/overview' },
  { name: 'coarse-usage', open: '/usage' },
  { name: 'coarse-feed', open: '/feed', status: 403 },
];

async function arriveCoarse(page: Page): Promise<void> {
  await arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Creator']);
  await page.goto('/settings/profile');
  await choose(page, 'Coarse');
  await page.getByRole('button', { name: 'Choose', exact: true }).click();
}

let invitation = '';
const invited: Screen[] = [{ name: 'invitation', open: (page) => at(invitation)(page) }];

async function arriveInvited(page: Page): Promise<void> {
  await arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Creator']);
  await page.goto('/settings/members');
  await page.getByRole('button', { name: 'Make an invitation link' }).click();
  invitation = new URL(await page.locator('.secret__value').innerText()).pathname;
  await page.context().clearCookies();
  await signIn(page, 'Noor Haddad', invitation);
}

export const tours: Tour[] = [
  { who: 'a visitor', screens: everybody },
  { who: 'a creator', arrive: as('Mira Okafor'), screens: creators },
  { who: 'a buyer', arrive: as('Jonas Weber'), screens: buyers },
  { who: 'a creator who buys', arrive: as('Ada Lindqvist'), screens: bothSides },
  { who: 'a member with few rights', arrive: as('Tomás Rivera'), screens: viewers },
  { who: 'a person without an organization', arrive: as('Noor Haddad'), screens: withoutOrganization },
  {
    who: 'a new organization',
    arrive: (page) => arrive(page, unused('Nele Vos'), unused('Vos Archive'), ['Creator', 'Buyer']),
    screens: nothingYet,
  },
  { who: 'a creator with coarse reports', arrive: arriveCoarse, screens: seesCoarsely },
  { who: 'somebody invited', arrive: arriveInvited, screens: invited },
];

/** Goes to a page and checks what it answers with. */
export async function open(page: Page, { open: way, status = 200 }: Screen): Promise<void> {
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

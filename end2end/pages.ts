// Every page that `make screens` takes pictures of. `person` is who looks at it;
// without one, a visitor does. A page that belongs to one row (a work, a license)
// is reached by following the first link to one of its kind.
export interface Screen {
  name: string;
  path: string;
  /** The start of the path that the first fitting link on `path` leads to. */
  follow?: string;
  person?: string;
}

const creator = 'Mira Okafor';
const buyer = 'Jonas Weber';
const newcomer = 'Noor Haddad';

export const screens: Screen[] = [
  { name: 'landing', path: '/' },
  { name: 'catalogue', path: '/catalogue' },
  { name: 'work', path: '/catalogue', follow: '/catalogue/' },
  { name: 'sign-in', path: '/sign-in' },
  { name: 'design', path: '/design' },
  { name: 'not-found', path: '/no-such-page' },
  { name: 'welcome', path: '/welcome', person: newcomer },
  { name: 'creator-overview', path: '/overview', person: creator },
  { name: 'assets', path: '/assets', person: creator },
  { name: 'asset', path: '/assets', follow: '/assets/', person: creator },
  { name: 'new-asset', path: '/assets/new', person: creator },
  { name: 'terms', path: '/terms', person: creator },
  { name: 'creator-usage', path: '/usage', person: creator },
  { name: 'creator-feed', path: '/feed', person: creator },
  { name: 'receipt', path: '/feed', follow: '/feed/', person: creator },
  { name: 'settings', path: '/settings', person: creator },
  { name: 'members', path: '/settings/members', person: creator },
  { name: 'sessions', path: '/settings/sessions', person: creator },
  { name: 'buyer-overview', path: '/overview', person: buyer },
  { name: 'licenses', path: '/licenses', person: buyer },
  { name: 'license', path: '/licenses', follow: '/licenses/', person: buyer },
  { name: 'buyer-usage', path: '/usage', person: buyer },
  { name: 'buyer-feed', path: '/feed', person: buyer },
];

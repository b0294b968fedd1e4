// After everything else: no page of the product was left out by the tours of `pages.ts`.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../harness/fixtures';
import { visitedFolder } from '../harness/places';

// In a demo nothing has been paid yet, so nothing is paid out.
const NONE_YET = ['/payouts/{id}'];

test('no page was left out', () => {
  const visited = readdirSync(visitedFolder).flatMap((who) => readFileSync(join(visitedFolder, who), 'utf8').split('\n'));
  const router = readFileSync('../server/src/router.rs', 'utf8');
  const pages = [...router.matchAll(/\.route\(\s*"([^"]+)",\s*page(?:_of)?!/g)].map(([, path]) => path ?? '');
  expect(pages.length).toBeGreaterThan(30);
  const unseen = pages.filter((path) => {
    const like = new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    return !visited.some((one) => like.test(one));
  });
  expect(unseen, 'pages of server/src/router.rs on no tour of pages.ts').toEqual(NONE_YET);
});

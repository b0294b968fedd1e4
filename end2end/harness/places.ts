// Where the tests find things. All of it comes from `scripts/env`, which gives
// every checkout its own folder and its own ports.
import { join } from 'node:path';

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run npm test, which reads scripts/env.`);
  return value;
}

const port = Number(required('IMPRIMATUR_TEST_PORT'));
const run = required('IMPRIMATUR_RUN');

export const portalListen = `127.0.0.1:${port}`;
export const signInListen = `127.0.0.1:${port + 1}`;
export const portal = `http://${portalListen}`;
export const binary = join(run, 'imprimatur');
export const dataFolder = join(run, 'end2end');
/** Where the tours note which pages they have seen. */
export const visitedFolder = join(run, 'end2end-visited');
export const serverLog = join(run, 'end2end.log');
export const pidFile = join(run, 'end2end.pid');
export const site = required('LEPTOS_SITE_ROOT');

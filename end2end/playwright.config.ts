// How the browser tests run: one demo of our own on ports of this checkout, two
// workers, the machine's own Chromium with a fresh profile for every test.
import { defineConfig, type PlaywrightTestConfig } from '@playwright/test';
import { portal } from './harness/places';

const chromium = {
  browserName: 'chromium' as const,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      // Chromium's sandbox refuses to start for root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  },
};

export const common: PlaywrightTestConfig = {
  globalSetup: './harness/server.ts',
  outputDir: './results',
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['list']],
  timeout: 30_000,
  expect: { timeout: 5_000 },
  use: {
    ...chromium,
    baseURL: portal,
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 10_000,
    // A trace costs as much as the test; ask for it with `--trace on`.
    trace: 'off',
    screenshot: 'only-on-failure',
  },
};

const MEASURED = /(budget|left_out|lighthouse)\.spec\.ts$/;

export default defineConfig(common, {
  testDir: './tests',
  projects: [
    { name: 'with JavaScript', testIgnore: MEASURED },
    // A test that must also hold without it carries this tag in its title.
    {
      name: 'without JavaScript',
      grep: /@without-javascript/,
      use: { javaScriptEnabled: false },
    },
    // What is measured has the machine to itself, after everything else.
    {
      name: 'measured',
      testMatch: MEASURED,
      fullyParallel: false,
      workers: 1,
      dependencies: ['with JavaScript', 'without JavaScript'],
    },
  ],
});

// `make screens`: the same demo and browser as the tests, but every page of the
// list is only looked at, and its picture kept in screens/.
import { defineConfig } from '@playwright/test';
import { common } from './playwright.config';

export default defineConfig(common, {
  testDir: '.',
  testMatch: 'screens.ts',
  timeout: 60_000,
});

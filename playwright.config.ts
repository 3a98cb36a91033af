import { defineConfig } from '@playwright/test';

// `cargo xtask test` starts a network, a relay and the app, and names them in these two variables.
const url = process.env.ONIONSKIN_URL;
if (!url || !process.env.ONIONSKIN_CONTROL) {
  throw new Error('ONIONSKIN_URL and ONIONSKIN_CONTROL are not set: run the journeys through `cargo xtask test`');
}

// One network serves all journeys. These change it for everybody, or measure.
const ALONE = /(bad-input|devices|killed|nodes-die)\.spec\.ts$/;

export default defineConfig({
  testDir: 'tests/e2e',
  // `cargo xtask test` runs the first project two at a time, then the second one.
  projects: [
    { name: 'together', testIgnore: ALONE, fullyParallel: true },
    { name: 'alone', testMatch: ALONE },
  ],
  workers: 1,
  // A busy machine is slow: these only end what hangs.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: process.env.CI ? [['list']] : [['list'], ['html', { open: 'never' }]],
  use: {
    baseURL: url,
    browserName: 'chromium',
    screenshot: 'only-on-failure',
    // Nobody can look at one there, and writing it takes as long as the journey.
    trace: process.env.CI ? 'off' : 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.ONIONSKIN_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});

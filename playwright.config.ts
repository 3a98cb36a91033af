import { defineConfig } from '@playwright/test';

// `cargo xtask test` starts a network, a relay and the app, and names them in these two variables.
const url = process.env.ONIONSKIN_URL;
if (!url || !process.env.ONIONSKIN_CONTROL) {
  throw new Error('ONIONSKIN_URL and ONIONSKIN_CONTROL are not set: run the journeys through `cargo xtask test`');
}

export default defineConfig({
  testDir: 'tests/e2e',
  // One network serves all journeys, and some of them stop nodes: they run one after another.
  workers: 1,
  fullyParallel: false,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: process.env.CI ? [['list']] : [['list'], ['html', { open: 'never' }]],
  use: {
    baseURL: url,
    browserName: 'chromium',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
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

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onCleanup } from '../cleanup.js';
import { PATIENCE_MS } from '../limits.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser of this machine; undefined: there is none, and what needs one is skipped. */
export const CHROMIUM: string | undefined =
  process.env.MILLRACE_CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find(existsSync);

/** A page in a browser, and what went wrong there. */
export interface OpenPage {
  readonly page: Page;
  /** Errors and warnings of its console, errors that nobody caught, and what its policy of content forbade. */
  readonly complaints: readonly string[];
  /** All that it asked for. */
  readonly urls: readonly string[];
}

let browser: Promise<Browser> | undefined;

/** A page of its own, without what others left in theirs; the browser is shared, and ends with the test file. */
export async function openPage(): Promise<OpenPage> {
  browser ??= launch();
  const context = await (await browser).newContext({ viewport: { width: 1100, height: 760 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const urls: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => urls.push(request.url()));
  await page.addInitScript({
    content: "addEventListener('securitypolicyviolation', (event) => console.error(event.violatedDirective));",
  });
  return { page, complaints, urls };
}

async function launch(): Promise<Browser> {
  // without a sandbox, which neither root nor a container has: it sees our own page alone
  const launched = await chromium.launch({ executablePath: CHROMIUM ?? '' });
  onCleanup(() => launched.close());
  return launched;
}

/*
 * The page that is served over HTTP is tested in a real browser. This makes sure that there is one: silent when there is, installs Debian's
 * as root, once. Where it cannot, the tests of the page say so and are skipped; in CI this fails. MILLRACE_CHROMIUM names another one.
 */
import { canInstall, install, isInstalled } from './system-packages.mjs';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const isThere = () => process.env.MILLRACE_CHROMIUM !== undefined || BROWSERS.some(isInstalled);

if (!isThere() && canInstall) install(['chromium']);
if (!isThere()) {
  console.error('The tests of the page need Chromium: apt-get install chromium, or name one by MILLRACE_CHROMIUM.');
  if (process.env.CI === 'true') process.exitCode = 1;
}

/*
 * What is bundled. `app.mjs page` serves over HTTP and prints with which status the files of the page are answered, else it is `job.mjs`.
 */
import { Engine } from 'millrace';
import { serve } from 'millrace/http';

const FILES = ['/', '/page/main.js', '/page/page.css', '/page/icon.svg'];

async function askForPage() {
  const engine = Engine.embedded();
  const served = await serve(engine, { port: 0 });
  const answers = await Promise.all(FILES.map((path) => fetch(served.url + path)));
  console.log(answers.map(({ status }) => status).join(' '));
  await served.close();
  await engine.shutdown();
}

// no `await` of the module itself: a bundle may be CommonJS
void (process.argv[2] === 'page' ? askForPage() : import('./job.mjs'));

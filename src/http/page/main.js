/*
 * The page at `/`: follows the server's events and shows how the jobs stand. Here the parts meet. `live-feed.js` is what is asked of the
 * server, `job-control.js` what it is asked to do; `job-view.js` shows one job, `letter-list.js` its dead letters. What has no document in it is told by its name: `picture-model.js`
 * and `picture-layout.js` (the picture), `part-health.js`, `part-rates.js`, `job-history.js`, `job-events.js`, `event-parser.js`.
 *
 * Everything comes in with the next picture of the jobs, once a second, and is drawn once for each, when the page is seen at all. What is kept
 * is bounded: five minutes of samples, a hundred events of each job.
 */
/** @import { EngineSnapshot } from '../snapshot/engine-snapshot.js' */
import { AccessToken } from './access-token.js';
import { Announcer } from './announcer.js';
import { TokenQuestion } from './dialogs.js';
import { byId, setText } from './dom.js';
import { JobChanges } from './job-changes.js';
import { JobControl } from './job-control.js';
import { JobEvents } from './job-events.js';
import { JobHistories } from './job-history.js';
import { JobTabs } from './job-tabs.js';
import { JobView } from './job-view.js';
import { LetterList } from './letter-list.js';
import { LiveFeed } from './live-feed.js';
import { PartRates } from './part-rates.js';
import { ToldList } from './told-list.js';
import { endedWords } from './told-words.js';

class Page {
  #token = new AccessToken();
  #tokenQuestion = new TokenQuestion();
  #announcer = new Announcer(byId('said', HTMLElement));
  #histories = new JobHistories();
  #events = new JobEvents();
  #rates = new PartRates();
  #changes = new JobChanges();
  #feedState = byId('feed', HTMLElement);
  #noJob = byId('no-job', HTMLElement);
  #shown = byId('shown', HTMLElement);
  #endedPart = byId('ended-part', HTMLElement);
  #ended = new ToldList(byId('ended', HTMLElement), '');
  #tabs = new JobTabs((job) => this.#choose(job));
  #control = new JobControl(this.#token, (why) => this.#askToken(why));
  #view = new JobView();
  #letters = new LetterList(this.#token);
  #feed = new LiveFeed(this.#token, {
    jobs: (snapshot) => this.#take(snapshot),
    histories: (histories) => this.#histories.goOnFrom(histories),
    state: (words, isLive) => this.#tellFeed(words, isLive),
    tokenNeeded: (problem) => void this.#askToken(problem),
  });
  /** @type {EngineSnapshot | undefined} */
  #last;
  #chosen = '';
  #isDrawing = false;

  start() {
    byId('token-open', HTMLButtonElement).addEventListener('click', () => void this.#askToken(''));
    // the picture lies down or stands up
    addEventListener('resize', () => this.#draw());
    this.#feed.restart();
  }

  /** @param {EngineSnapshot} snapshot */
  #take(snapshot) {
    const { time, jobs } = snapshot;
    // an answer that is not a second old yet is given again
    if (time === this.#last?.time) return;
    this.#last = snapshot;
    const atMs = Date.parse(time);
    this.#histories.add(jobs, atMs);
    this.#rates.add(jobs, atMs);
    this.#events.add(jobs);
    for (const sentence of this.#changes.since(jobs)) this.#announcer.say(sentence);
    this.#draw();
  }

  /** @param {string} job */
  #choose(job) {
    this.#chosen = job;
    this.#draw();
  }

  /** With the next frame: a page that is not seen has none. */
  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#last !== undefined) this.#show(this.#last);
    });
  }

  /** @param {EngineSnapshot} snapshot */
  #show({ jobs, ended, control }) {
    const job = jobs.find(({ name }) => name === this.#chosen) ?? jobs[0];
    this.#noJob.hidden = job !== undefined;
    this.#shown.hidden = job === undefined;
    this.#endedPart.hidden = ended.length === 0;
    this.#ended.show([...ended].reverse().map((one) => [`${one.name} ${one.time}`, endedWords(one)]));
    this.#tabs.show(jobs, job?.name ?? '');
    const troubled = jobs.filter(({ reasons }) => reasons.length > 0).length;
    document.title = `${troubled === 0 ? '' : `(${troubled}) `}${job?.name ?? 'no job'} – Millrace`;
    if (job === undefined) return;
    const samples = this.#histories.of(job.name);
    this.#view.show({ job, rates: this.#rates.of(job), samples, events: this.#events.newest(job.name) });
    this.#control.show(job, control);
    this.#letters.show(job);
  }

  /** @param {string} words @param {boolean} isLive */
  #tellFeed(words, isLive) {
    const wasLive = this.#feedState.classList.contains('live');
    setText(this.#feedState, words);
    this.#feedState.className = isLive ? 'feed live' : 'feed lost';
    document.body.classList.toggle('stale', !isLive);
    if (wasLive && !isLive) this.#announcer.say(`What is shown is old: ${words}.`);
  }

  /** @param {string} why @returns {Promise<boolean>} whether there is one now */
  async #askToken(why) {
    const token = await this.#tokenQuestion.ask(why);
    if (token === undefined) return false;
    this.#token.use(token);
    this.#feed.restart();
    return true;
  }
}

new Page().start();

import type { Job } from 'millrace';
import type { PlantObserver } from './plant-pipeline.js';

const BAR_WIDTH = 30;

/** Shows the jobs at work: redrawn in place on a terminal, a line a second elsewhere. */
export class LiveView implements PlantObserver {
  readonly #startedAt = performance.now();
  readonly #seconds: number | undefined;
  #sensors: Job | undefined;
  #plant: Job | undefined;
  #shownAt = performance.now();
  #published = 0;
  #delivered = 0;
  #alarms = 0;
  #lastAlarm = 'none yet';
  #slowestMs = 0;
  #linesUp = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(seconds: number | undefined) {
    this.#seconds = seconds;
  }

  get alarms(): number {
    return this.#alarms;
  }

  reading(latencyMs: number): void {
    this.#slowestMs = Math.max(this.#slowestMs, latencyMs);
  }

  alarm(text: string): void {
    this.#alarms += 1;
    this.#lastAlarm = text;
  }

  start(sensors: Job, plant: Job): void {
    this.#sensors = sensors;
    this.#plant = plant;
    this.#timer = setInterval(() => this.#show(), process.stdout.isTTY ? 250 : 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#show();
  }

  #show(): void {
    const { published, delivered, line } = this.#figures();
    const lines = [`${this.#progress()}${line}`, `alarms ${this.#alarms}, last: ${this.#lastAlarm}`];
    if (process.stdout.isTTY) {
      process.stdout.write(
        `${this.#linesUp > 0 ? `\u001b[${this.#linesUp}A` : ''}${lines.map((text) => `\u001b[2K${text}\n`).join('')}`,
      );
      this.#linesUp = lines.length;
    } else {
      process.stdout.write(`${lines.join('  ')}\n`);
    }
    this.#published = published;
    this.#delivered = delivered;
    this.#slowestMs = 0;
    this.#shownAt = performance.now();
  }

  #figures() {
    const published = this.#sensors?.metrics().itemsDelivered ?? 0;
    const plant = this.#plant?.metrics();
    const delivered = plant?.itemsDelivered ?? 0;
    const seconds = Math.max(0.001, (performance.now() - this.#shownAt) / 1000);
    const rate = (count: number) =>
      Math.round(count / seconds)
        .toLocaleString('en-US')
        .padStart(7);
    const line =
      `sensors ${rate(published - this.#published)}/s  pipeline out ${rate(delivered - this.#delivered)}/s  ` +
      `in flight ${plant?.itemsInFlight ?? 0}  slowest ${this.#slowestMs} ms`;
    return { published, delivered, line };
  }

  #progress(): string {
    const elapsed = (performance.now() - this.#startedAt) / 1000;
    if (this.#seconds === undefined) return `${elapsed.toFixed(0).padStart(4)} s  `;
    const done = Math.min(1, elapsed / this.#seconds);
    const filled = Math.round(done * BAR_WIDTH);
    return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${Math.round(done * 100)
      .toString()
      .padStart(3)} %  `;
  }
}

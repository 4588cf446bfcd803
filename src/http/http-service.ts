import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRunner } from '../engine/job-runner.js';
import { answer, jsonBody, refuse } from './answer.js';
import type { Answers } from './answers.js';
import { controlJob } from './control.js';
import { giveLetterPayload } from './letters/give-letter-payload.js';
import type { LetterAnswers } from './letters/letter-answers.js';
import type { PageFiles } from './page-files.js';
import { judgeRequest, type RequestPolicy, type Verdict } from './policy/judge-request.js';
import type { Route } from './policy/routes.js';
import { readBody, readJsonObject } from './read-body.js';
import type { TokenCheck } from './token-check.js';
import { Viewers } from './viewers.js';

/** What a server answers with. */
export interface ServiceParts {
  readonly engine: Pick<JobRunner, 'getJob'>;
  readonly answers: Answers;
  readonly letters: LetterAnswers;
  readonly policy: RequestPolicy;
  readonly tokens: TokenCheck;
  readonly maxViewers: number;
  readonly page: PageFiles;
}

/** A request that may be answered. */
type Allowed = Extract<Verdict, { readonly route: Route }>;

/** A little longer than control takes to be answered; who does not read is not waited for. */
const LAST_ANSWERS_MS = 1500;

/** Answers the requests of a server: judges each, and gives what its route has. */
export class HttpService {
  readonly #parts: ServiceParts;
  readonly #viewers: Viewers;
  /** Answers that are not given yet. */
  readonly #open = new Set<ServerResponse>();

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    const { answers, maxViewers } = parts;
    this.#viewers = new Viewers(maxViewers, { first: () => answers.firstFrame(), next: () => answers.nextFrame() });
  }

  attach(server: Server): void {
    server.on('request', (request, response) => this.#handle(request, response));
    server.on('clientError', refuseClient);
  }

  /** Whoever views sees no more. Resolves when the other answers under way are given: who asks for a drain ends what serves him. */
  async end(): Promise<void> {
    this.#viewers[Symbol.dispose]();
    const given = [...this.#open].map((response) => new Promise((resolve) => void response.once('close', resolve)));
    await Promise.race([Promise.all(given), sleep(LAST_ANSWERS_MS, undefined, { ref: false })]);
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { policy, tokens } = this.#parts;
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    const { method = '', url: target = '', headers, socket } = request;
    const verdict = judgeRequest(
      {
        method,
        target,
        hosts: valuesOf(request, 'host'),
        origins: valuesOf(request, 'origin'),
        contentType: headers['content-type'],
        localAddress: socket.localAddress,
        token: () => tokens.stateOf(headers.authorization, socket.remoteAddress ?? '', performance.now()),
      },
      policy,
    );
    if (verdict.refusal === undefined) this.#give(verdict, request, response);
    else refuse(response, verdict.refusal.status, verdict.refusal.message, verdict.refusal.headers);
  }

  /** A gauge of the user's may throw, which must not end the process. */
  #give(allowed: Allowed, request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#answer(allowed, request, response);
    } catch {
      refuse(response, 500, 'what the jobs count cannot be read: a function of a gauge throws');
    }
  }

  #answer({ route, trusted }: Allowed, request: IncomingMessage, response: ServerResponse): void {
    const { answers } = this.#parts;
    switch (route.kind) {
      case 'page':
        this.#page(route.file, response);
        break;
      case 'live':
        answer(response, 200, jsonBody({ status: 'live' }));
        break;
      case 'ready':
        this.#ready(trusted, response);
        break;
      case 'metrics':
        answer(response, 200, answers.metrics);
        break;
      case 'jobs':
        answer(response, 200, answers.jobs);
        break;
      case 'events':
        if (!this.#viewers.add(response)) refuse(response, 429, 'there are as many viewers as there may be');
        break;
      case 'letters':
        void this.#parts.letters.list().then((body) => answer(response, 200, body));
        break;
      case 'letter-payload':
        void giveLetterPayload(this.#parts.letters, route, response);
        break;
      case 'control':
        void this.#control(route, request, response);
    }
  }

  #page(file: string, response: ServerResponse): void {
    const body = this.#parts.page.get(file);
    if (body === undefined) refuse(response, 404, 'there is no such file of the page; in a bundle it lies beside that');
    else answer(response, 200, body);
  }

  #ready(trusted: boolean, response: ServerResponse): void {
    const { status, body } = this.#parts.answers.ready(trusted);
    answer(response, status, body);
  }

  async #control(
    { job: name, action }: Extract<Route, { kind: 'control' }>,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await readBody(request);
    const job = this.#parts.engine.getJob(name);
    const told = readJsonObject(body ?? '');
    if (body === undefined) refuse(response, 413, 'the body may have at most 1,024 bytes');
    else if (told === undefined) refuse(response, 400, 'the body must be empty, or an object as JSON');
    else if (job === undefined) refuse(response, 404, 'there is no such job, or it has ended');
    else {
      const asked = await controlJob(job, action, told);
      answer(response, asked.status, asked.body);
    }
  }
}

/** All of them: of two, Node gives the first. */
const valuesOf = ({ rawHeaders }: IncomingMessage, name: string): readonly string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);

const STATUS_OF_ERROR: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no request, is too long or comes too slowly. */
const refuseClient = (error: Error, socket: Duplex): void => {
  const { code } = Object(error);
  const status = STATUS_OF_ERROR[String(code)] ?? '400 Bad Request';
  if (!socket.writable || code === 'ECONNRESET') socket.destroy();
  else socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
};

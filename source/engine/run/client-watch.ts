import { setTimeout as pause } from 'node:timers/promises';
import type { Clients } from '../../cluster/clients.ts';
import { type HostFacts, hostsOf, userOn } from '../../cluster/facts.ts';
import { safeText } from '../../cluster/parse/terminal-text.ts';
import { fail, messageOf, ok, problem, type Result } from '../../cluster/result.ts';
import { parseClients, parseTerminated } from '../../inspect/clients/parse.ts';
import { clientsScript, terminateClientsScript } from '../../inspect/clients/script.ts';
import type { Step } from '../../runbook/language/step.ts';
import type { Checklist } from '../view/checklist.ts';
import type { Accepted, ClientsView, Refusal } from '../view/controller.ts';
import type { ViewStore } from '../view/view-store.ts';
import { acquireLock } from './acquire-lock.ts';
import type { Decisions } from './decisions.ts';
import { accepted, refused, whyNot } from './refusals.ts';
import type { OwnedSession } from './session.ts';

const timeoutMs = 8_000;
const everyMs = 3_000;

export interface ClientWatchParts {
  readonly store: ViewStore;
  readonly checklist: Checklist;
  readonly decisions: Decisions;
}

/** A card that tells who is connected, from its first moment to the decision about its step. */
interface Watched {
  readonly run: OwnedSession;
  readonly step: Step;
  readonly host: HostFacts;
  readonly over: AbortController;
}

/** One word or line of what the host has printed, or why it has printed nothing of use. */
const ask = async <Told>(
  { run, host }: Watched,
  script: ReturnType<typeof clientsScript>,
  read: (text: string) => Told | null,
): Promise<Result<Told>> => {
  const remote = run.hosts.get(host.alias);
  // A connection that is gone is no place to wait at: the next question comes soon.
  if (remote?.line !== 'connected')
    return fail(problem(`${host.alias} is not connected.`, 'It is asked again as soon as it is.'));
  const answer = await remote
    .run(script.text, { as: userOn(run.facts, host.alias), timeoutMs })
    .catch((thrown: unknown) => fail(problem(`${host.alias} gave no answer.`, 'Retry.', messageOf(thrown))));
  if (!answer.ok) return answer;
  const { code, stdout, stderr } = answer.value;
  const told = code === 0 ? read(stdout) : null;
  if (told !== null) return ok(told);
  const [first = ''] = stderr.trim().split('\n');
  return fail(
    problem(
      first === ''
        ? `No answer of psql on ${host.alias}: it ended with code ${code}.`
        : safeText(first.slice(0, 200)),
      'Look at the server itself.',
    ),
  );
};

/**
 * Who is connected to the server that a step is about to stop: read when the step's card is shown and every few seconds while that
 * waits, never while a step runs. What cannot be read is said on the card; nothing waits for it.
 */
export class ClientWatch {
  readonly #parts: ClientWatchParts;
  #watched: Watched | null = null;
  /** The operator has asked for it, and the host has not answered yet. */
  #terminating: Promise<void> | null = null;

  constructor(parts: ClientWatchParts) {
    this.#parts = parts;
  }

  /** From here on the step's card waits, if it is one that stops a server applications write on. Gives what ends that. */
  begin(run: OwnedSession, step: Step): () => Promise<void> {
    const host = hostsOf(run.facts).find(({ alias }) => alias === step.host);
    if (step.writes !== 'stop' || this.#parts.store.view.downtime.kind === 'down' || host === undefined)
      return async () => undefined;
    const watched: Watched = { run, step, host, over: new AbortController() };
    this.#watched = watched;
    this.#show({ kind: 'reading', step: step.id, terminated: null });
    void this.#readOn(watched);
    return async () => {
      watched.over.abort();
      this.#watched = null;
      // It is decided on the card, and must not fall into the step.
      await this.#terminating;
      this.#parts.store.set({ clients: null });
    };
  }

  /** Ends the sessions that the card is about, once the name of their host was typed. */
  terminate(typed: string): Accepted | Refusal {
    const watched = this.#watched;
    const { stage } = this.#parts.store.view;
    if (watched === null)
      return stage.kind === 'confirm'
        ? refused('clients are terminated only before the step that stops their server')
        : whyNot(stage);
    if (this.#terminating !== null) return refused('the clients are being terminated');
    if (typed !== watched.host.alias) return refused(`type ${watched.host.alias} to terminate its clients`);
    this.#terminating = this.#terminate(watched, typed).finally(() => {
      this.#terminating = null;
    });
    return accepted;
  }

  #show(clients: ClientsView): void {
    this.#parts.store.set({ clients });
  }

  async #readOn(watched: Watched): Promise<void> {
    const { signal } = watched.over;
    while (!signal.aborted) {
      await this.#read(watched);
      await pause(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #read(watched: Watched): Promise<void> {
    const found: Result<Clients> = await ask(watched, clientsScript(watched.host), parseClients);
    // The card is gone, or another one stands there.
    if (this.#watched !== watched) return;
    const { id: step } = watched.step;
    const terminated = this.#parts.store.view.clients?.terminated ?? null;
    this.#show(
      found.ok
        ? { kind: 'seen', step, clients: found.value, terminated }
        : { kind: 'unknown', step, why: found.error.what, terminated },
    );
  }

  async #terminate(watched: Watched, typed: string): Promise<void> {
    const { checklist, store } = this.#parts;
    const { run, step, host } = watched;
    const claimed = await acquireLock(run, checklist.direction, this.#parts);
    const kept = claimed.ok
      ? checklist.note(run, { kind: 'terminate-clients', step: step.id, host: host.alias, typed })
      : claimed;
    if (!kept.ok) return store.notice(`${host.alias}: no client was terminated: ${kept.error.what}`);
    const ended = await ask(watched, terminateClientsScript(host), parseTerminated);
    checklist.note(run, {
      kind: 'clients-terminated',
      step: step.id,
      host: host.alias,
      sessions: ended.ok ? ended.value : null,
      why: ended.ok ? null : ended.error.what,
    });
    store.notice(
      ended.ok
        ? `${host.alias}: ${ended.value} ${ended.value === 1 ? 'client' : 'clients'} terminated`
        : `${host.alias}: it is not known which clients were terminated: ${ended.error.what}`,
    );
    if (this.#watched !== watched) return;
    if (ended.ok) this.#show({ kind: 'reading', step: step.id, terminated: ended.value });
    await this.#read(watched);
  }
}

import type { ClientGroup } from '../cluster/clients.ts';
import type { ClientsView, EngineView, StepView } from '../engine/view/controller.ts';
import { took } from './text.ts';

/** So many groups stand on a card; the rest is counted. */
export const mostShown = 6;
/** From so many seconds on a transaction is called old: what it has done so far is lost with the stop, and somebody may miss it. */
const oldSeconds = 30;

const many = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** One line of the list: who, what they do, and whether a transaction of theirs is old. */
export interface ClientLine {
  readonly sessions: string;
  readonly who: string;
  readonly doing: string;
  readonly old: boolean;
}

const isOld = ({ seconds }: ClientGroup): boolean => seconds !== null && seconds >= oldSeconds;

/** As PostgreSQL's process titles name them: a session over the socket is `[local]`. */
const whoOf = ({ application, role, address }: ClientGroup): string =>
  `${application === '' ? '(no name)' : application} ${role}@${address ?? '[local]'}`;

const doingOf = ({ state, seconds }: ClientGroup): string => {
  if (seconds === null) return state === '' ? 'state unknown' : state;
  const length = took(seconds * 1000);
  return state.startsWith('idle in transaction') ? `${state} ${length}` : `${state}, transaction ${length}`;
};

/** What is known of the clients of the server that this step stops; null: it is no such step, or not its turn. */
export const clientsOf = (view: EngineView, step: StepView): ClientsView | null =>
  view.clients?.step === step.id ? view.clients : null;

/** `41 sessions, longest transaction 41 s`: how many are connected now, in one sentence. */
export const clientsSentence = (view: ClientsView): string => {
  const ended = view.terminated === null ? '' : `${many(view.terminated, 'session')} terminated. `;
  switch (view.kind) {
    case 'reading':
      return `${ended}Who is connected is being read …`;
    case 'unknown':
      return `${ended}Who is connected could not be read: ${view.why} The step does not wait for it.`;
    case 'seen': {
      const { sessions, listed } = view.clients;
      if (sessions === 0) return `${ended}No client is connected now.`;
      const longest = Math.max(...listed.map(({ seconds }) => seconds ?? -1));
      const open = longest < 0 ? 'no transaction is open' : `longest transaction ${took(longest * 1000)}`;
      return `${ended}Connected now: ${many(sessions, 'session')}, ${open}.`;
    }
  }
};

/** The groups, the longest transaction first: at most so many. */
export const clientLines = (view: ClientsView): readonly ClientLine[] =>
  view.kind !== 'seen'
    ? []
    : view.clients.listed.slice(0, mostShown).map((group) => ({
        sessions: String(group.sessions),
        who: whoOf(group),
        doing: doingOf(group),
        old: isOld(group),
      }));

/** `and 3 groups more (17 sessions)`; null: all of them are listed. */
export const moreClients = (view: ClientsView): string | null => {
  if (view.kind !== 'seen') return null;
  const { sessions, groups, listed } = view.clients;
  const shown = listed.slice(0, mostShown);
  const left = groups - shown.length;
  const those = sessions - shown.reduce((sum, group) => sum + group.sessions, 0);
  return left <= 0 ? null : `and ${left} more (${many(those, 'session')})`;
};

/** The same in plain lines. */
export const plainClients = (view: ClientsView): readonly string[] => {
  const more = moreClients(view);
  return [
    clientsSentence(view),
    ...clientLines(view).map(
      ({ sessions, who, doing, old }) => `  ${sessions} ${who}: ${doing}${old ? ' (old)' : ''}`,
    ),
    ...(more === null ? [] : [`  ${more}`]),
  ];
};

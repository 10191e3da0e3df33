import type { HostView } from '../../engine/view/controller.ts';
import { age } from '../../wording/text.ts';
import { countInView } from '../state/selectors.ts';
import type { ConsoleState } from '../state/state.ts';
import type { Theme } from '../theme.ts';
import { type Row, rowWidth, type Span, span } from './row.ts';

const lineWords = (host: HostView, now: number): string => {
  switch (host.line) {
    case 'connected':
      return '';
    case 'connecting':
      return ' connecting';
    case 'closed':
      return ' closed';
    case 'reconnecting':
      return host.lastByteAt === null ? ' reconnecting' : ` reconnecting ${age(now - host.lastByteAt)}`;
  }
};

/**
 * One tab for all hosts together and one for each host's own steps: done of all, and its connection where it is not up.
 * Without `counters` only the chosen tab counts: what it counts is the first that gives way to the titles.
 */
const tabsOf = (state: ConsoleState, now: number, theme: Theme, counters: boolean): readonly Row[] => {
  const count = (host: string | null): string => {
    const steps = state.view.steps.filter((step) => host === null || step.host === host);
    const { done, open } = countInView(steps);
    // What was skipped is over, and not done.
    const isOver = done > 0 && open.length === 0;
    const failed = steps.some((step) => step.status.kind === 'failed') ? ` ${theme.glyphs.failed}` : '';
    const counted = `${done}/${steps.length}${isOver ? ` ${theme.glyphs.done}` : ''}`;
    return counters || state.hostFilter === host ? ` ${counted}${failed}` : failed;
  };
  const tab = (label: string, host: string | null, words: string): Row => {
    const chosen = state.hostFilter === host;
    const text = `${label}${count(host)}`;
    const parts: Span[] = [
      span(chosen ? `[${text}]` : counters ? ` ${text} ` : ` ${text}`, chosen ? 'strong' : 'plain'),
    ];
    if (words !== '') parts.push(span(counters ? `${words.trim()} ` : words, 'warn'));
    return parts;
  };
  return [
    tab('all', null, ''),
    ...state.view.hosts.map((host) => tab(host.alias, host.alias, lineWords(host, now))),
  ];
};

/** The tabs in one line of at most that many columns: with counters where there is room, else without; null: not even so. */
export const tabLine = (state: ConsoleState, columns: number, now: number, theme: Theme): Row | null =>
  [true, false]
    .map((counters) => tabsOf(state, now, theme, counters).flat())
    .find((row) => rowWidth(row) <= columns) ?? null;

/** The tabs in one or more lines. */
export const tabRows = (state: ConsoleState, columns: number, now: number, theme: Theme): readonly Row[] => {
  const rows: Span[][] = [[]];
  for (const tab of tabsOf(state, now, theme, true)) {
    const last = rows.at(-1) ?? [];
    if (last.length > 0 && rowWidth(last) + rowWidth(tab) > columns) rows.push([...tab]);
    else last.push(...tab);
  }
  return rows;
};

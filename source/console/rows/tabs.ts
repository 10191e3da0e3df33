import type { HostView } from '../../engine/view/controller.ts';
import { age } from '../../wording/text.ts';
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

/** One tab for all hosts together and one for each host's own checklist: done of all, and its line where it is not up. */
const tabsOf = (state: ConsoleState, now: number, theme: Theme): readonly Row[] => {
  const count = (host: string | null): string => {
    const steps = state.view.steps.filter((step) => host === null || step.host === host);
    const done = steps.filter((step) => step.status.kind === 'done' || step.status.kind === 'skipped').length;
    const failed = steps.some((step) => step.status.kind === 'failed') ? ` ${theme.glyphs.failed}` : '';
    return `${done}/${steps.length}${done === steps.length && done > 0 ? ` ${theme.glyphs.done}` : ''}${failed}`;
  };
  const tab = (label: string, host: string | null, words: string): Row => {
    const chosen = state.hostFilter === host;
    const parts: Span[] = [
      span(chosen ? `[${label} ${count(host)}]` : ` ${label} ${count(host)} `, chosen ? 'strong' : 'plain'),
    ];
    if (words !== '') parts.push(span(`${words.trim()} `, 'warn'));
    return parts;
  };
  return [
    tab('all', null, ''),
    ...state.view.hosts.map((host) => tab(host.alias, host.alias, lineWords(host, now))),
  ];
};

/** The tabs in one or more lines. */
export const tabRows = (state: ConsoleState, columns: number, now: number, theme: Theme): readonly Row[] => {
  const rows: Span[][] = [[]];
  for (const tab of tabsOf(state, now, theme)) {
    const last = rows.at(-1) ?? [];
    if (last.length > 0 && rowWidth(last) + rowWidth(tab) > columns) rows.push([...tab]);
    else last.push(...tab);
  }
  return rows;
};

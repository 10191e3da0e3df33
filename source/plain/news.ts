import { present } from '../cluster/present.ts';
import type { EngineView } from '../engine/view/controller.ts';
import { age } from '../wording/text.ts';
import { howToEnd } from './end-step.ts';
import { progressNews } from './progress-news.ts';

/**
 * What is to be said once in plain lines and stands on the full screen all the time: where a run stood that goes on,
 * whose the lock is, a line that is gone or back, a step that prints nothing. Gives the lines that are new.
 */
export const plainNews = ({
  canEnd,
  now = present,
}: {
  /** Whether somebody could end the step by a word. */
  readonly canEnd: boolean;
  readonly now?: () => number;
}): ((view: EngineView) => readonly string[]) => {
  const progressed = progressNews(now);
  const said = new Set<string>();
  const lines = new Map<string, string>();
  const once = (key: string, text: readonly string[]): readonly string[] => {
    if (said.has(key)) return [];
    said.add(key);
    return text;
  };
  return (view) => {
    const news: string[] = [];
    if (view.resumed !== null)
      news.push(
        ...once(
          'resumed',
          view.resumed.map((line) => `Resumed: ${line}`),
        ),
      );
    const { stage } = view;
    if (stage.kind === 'watching') {
      const who = stage.lock.holder || 'somebody else';
      news.push(
        ...once(`lock ${stage.lock.since} ${stage.lock.dead}`, [
          stage.lock.dead
            ? `Read-only: ${who} holds the lock and gives no sign of life for ${age(now() - stage.lock.aliveAt)}.`
            : `Read-only: ${who} holds the lock since ${stage.lock.since}. Following; nothing can be run here.`,
        ]),
      );
    }
    for (const host of view.hosts) {
      const before = lines.get(host.alias) ?? 'connected';
      lines.set(host.alias, host.line);
      if (host.line === before || host.line === 'connecting') continue;
      const heard = host.lastByteAt === null ? '' : `, last byte ${age(now() - host.lastByteAt)} ago`;
      news.push(`* ${host.alias}: ${host.line}${host.line === 'connected' ? '' : heard}`);
    }
    for (const step of view.steps) {
      if (step.status.kind !== 'running' || step.status.quiet === undefined) continue;
      const { since, found } = step.status.quiet;
      news.push(
        ...once(`quiet ${step.id} ${since}`, [
          `* ${step.host} is doing:`,
          ...found.map((line) => `    ${line}`),
          ...(canEnd ? [`  ${howToEnd}`] : []),
        ]),
      );
    }
    news.push(...progressed(view));
    return news;
  };
};

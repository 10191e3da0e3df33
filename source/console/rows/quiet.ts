import type { EngineView, StepView } from '../../engine/view/controller.ts';
import { age, clock, tame, timeOfDay } from '../../wording/text.ts';
import { labelled } from './prose.ts';
import { cutRow, type Row, span } from './row.ts';

const shownLines = 8;
const settlingLines = 2;

/**
 * Below the output of a step that runs: that the line to its host is gone, and since when nothing came; what the servers
 * do not show yet; or that it has printed nothing for long, and what its host is doing. Empty while all is well.
 */
export const quietRows = (view: EngineView, step: StepView, columns: number, now: number): readonly Row[] => {
  const { status } = step;
  if (status.kind !== 'running' && status.kind !== 'settling') return [];
  const host = view.hosts.find((one) => one.alias === step.host);
  if (host !== undefined && host.line !== 'connected') {
    const heard = host.lastByteAt === null ? '' : `, last byte ${age(now - host.lastByteAt)} ago`;
    const words = host.line === 'closed' ? 'The SSH connection is closed' : 'No answer, dialing again';
    return [
      cutRow(
        [span(`${words}: ${step.host}${heard}. Its command goes on if the host is up.`, 'warn')],
        columns,
      ),
    ];
  }
  if (status.kind === 'settling')
    return labelled('Waits', status.waitingFor, columns, 'strong').slice(0, settlingLines);
  if (status.quiet === undefined) return [];
  const { since, at, found } = status.quiet;
  return [
    cutRow(
      [span(`Nothing printed for ${clock(now - since)}. ${step.host} at ${timeOfDay(at)}:`, 'warn')],
      columns,
    ),
    ...found.slice(0, shownLines).map((line) => cutRow([span(`  ${tame(line)}`, 'dim')], columns)),
    cutRow([span('It is not ended by itself: x ends it and all that it started.', 'dim')], columns),
  ];
};

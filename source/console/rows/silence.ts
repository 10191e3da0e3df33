import type { EngineView, StepView } from '../../engine/view/controller.ts';
import { age, clock, tame, timeOfDay } from '../../wording/text.ts';
import { labelled } from './prose.ts';
import { cutRow, type Row, span } from './row.ts';

const shownLines = 8;
const verifyingLines = 2;

/**
 * Below the output of a step that runs: that the connection to its host is lost, and since when nothing came; what the servers
 * do not show yet; or that it has printed nothing for long, and what its host is doing. Empty while all is well.
 */
export const silenceRows = (
  view: EngineView,
  step: StepView,
  columns: number,
  now: number,
): readonly Row[] => {
  const { status } = step;
  if (status.kind !== 'running' && status.kind !== 'settling') return [];
  const host = view.hosts.find((one) => one.alias === step.host);
  if (host !== undefined && host.line !== 'connected') {
    const heard = host.lastByteAt === null ? '' : `, last byte ${age(now - host.lastByteAt)} ago`;
    const words = host.line === 'closed' ? 'SSH connection closed' : 'SSH connection lost, reconnecting';
    return [
      cutRow(
        [span(`${words}: ${step.host}${heard}. The command keeps running on the host.`, 'warn')],
        columns,
      ),
    ];
  }
  if (status.kind === 'settling')
    return labelled('Waits', status.waitingFor, columns, 'strong').slice(0, verifyingLines);
  if (status.quiet === undefined) return [];
  const { since, at, found } = status.quiet;
  return [
    cutRow([span(`No output for ${clock(now - since)}. ${step.host} at ${timeOfDay(at)}:`, 'warn')], columns),
    ...found.slice(0, shownLines).map((line) => cutRow([span(`  ${tame(line)}`, 'dim')], columns)),
    cutRow([span('Not stopped automatically: press x to terminate it.', 'dim')], columns),
  ];
};

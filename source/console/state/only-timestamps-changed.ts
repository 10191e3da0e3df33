import { isDeepStrictEqual } from 'node:util';
import type { EngineView } from '../../engine/view/controller.ts';

const undated = ({ hosts, monitor, ...rest }: EngineView) => ({
  ...rest,
  hosts: hosts.map(({ lastByteAt: _at, ...host }) => host),
  monitor: { ...monitor, feed: { ...monitor.feed, readAt: null } },
});

/** Whether nothing has changed but that it was read again: the screen would be the same. */
export const onlyTimestampsChanged = (before: EngineView, after: EngineView): boolean =>
  before.steps === after.steps && isDeepStrictEqual(undated(before), undated(after));

import { lostIn } from '../journal/history.ts';
import type { Checklist } from '../view/checklist.ts';
import type { RunLeaves } from '../view/controller.ts';
import type { InventoryKeeper } from './inventories.ts';
import { measureKept } from './kept-directories.ts';
import type { OwnedSession } from './session.ts';

/** What the closing card tells beside how it ended. Asks the hosts for sizes, once. */
export const leavesOf = async (
  run: OwnedSession,
  checklist: Pick<Checklist, 'direction' | 'lost'>,
  inventories: InventoryKeeper,
): Promise<RunLeaves> => {
  const { direction } = checklist;
  const lost = direction === 'rollback' ? (checklist.lost ?? lostIn(run.journal.earlier)) : null;
  const updated = direction === 'upgrade' ? inventories.extensionsUpdated(run) : null;
  return {
    kept: await measureKept(run),
    ...(lost === null ? {} : { lost }),
    ...(updated === null ? {} : { extensionsUpdated: updated }),
  };
};

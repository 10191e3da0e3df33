import { readEarlier } from '../journal/journal.ts';
import { keepRehearsal } from '../journal/kept-rehearsal.ts';
import { keepStepTimes } from '../journal/kept-steps.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { OwnedSession } from './session.ts';

/** At the end of a run, what it has measured stays on this machine: of a rehearsal its times, of any other the custom steps’. What fails is said. */
export const keepTimes =
  (store: ViewStore, stateHome: string) =>
  ({ identity, journal, facts, observer }: OwnedSession): void => {
    const { rehearsal } = observer.world;
    if (rehearsal?.only === 'remove' || (rehearsal === undefined && facts.custom.length === 0)) return;
    const records = readEarlier(stateHome, identity.cluster, identity.id);
    const kept =
      rehearsal === undefined
        ? keepStepTimes(journal.directory, facts, records)
        : keepRehearsal(journal.directory, facts, records, rehearsal.on);
    if (!kept.ok) store.notice(`${kept.error.what} ${kept.error.remedy}`);
  };

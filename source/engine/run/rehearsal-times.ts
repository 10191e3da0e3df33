import { readEarlier } from '../journal/journal.ts';
import { keepRehearsal } from '../journal/kept-rehearsal.ts';
import type { ViewStore } from '../view/view-store.ts';
import type { OwnedSession } from './session.ts';

/** At the end of a rehearsal, what it has measured stays on this machine, for plan and window; what fails is said. Of any other run: nothing. */
export const keepTimes =
  (store: ViewStore, stateHome: string) =>
  ({ identity, journal, facts, observer }: OwnedSession): void => {
    const { rehearsal } = observer.world;
    if (rehearsal === undefined || rehearsal.only === 'remove') return;
    const records = readEarlier(stateHome, identity.cluster, identity.id);
    const kept = keepRehearsal(journal.directory, facts, records, rehearsal.on);
    if (!kept.ok) store.notice(`${kept.error.what} ${kept.error.remedy}`);
  };

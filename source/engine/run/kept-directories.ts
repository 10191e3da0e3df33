import { type ClusterFacts, hostsOf, userOn } from '../../cluster/facts.ts';
import { hostIn, isDataDirectory, type Observations } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { sizeIn } from '../../inspect/kept/parse.ts';
import { sizesScript } from '../../inspect/kept/script.ts';
import type { KeptDirectory } from '../view/controller.ts';
import type { OwnedSession } from './session.ts';

/** For all of a host. */
const timeoutMs = 30_000;

interface Found {
  readonly host: string;
  readonly path: Path;
  readonly linked: boolean;
}

/** Every directory of another version, or of an abandoned try, that stays on a host. */
export const keptIn = (facts: ClusterFacts, world: Observations): readonly Found[] =>
  hostsOf(facts).flatMap(({ alias, backupData }) => {
    const seen = hostIn(world, alias);
    if (seen === null) return [];
    const old = isDataDirectory(seen.backupData)
      ? [{ host: alias, path: backupData, linked: seen.backupData.hasHardLinks }]
      : [];
    return [...old, ...seen.abandoned.map((path) => ({ host: alias, path, linked: false }))];
  });

/** The directories that the run leaves, each with what it takes: asked once, at the end, and bounded, whatever the disks do. */
export const measureKept = async (run: OwnedSession): Promise<readonly KeptDirectory[]> => {
  const found = keptIn(run.facts, run.observer.world);
  const measured = hostsOf(run.facts).map(async ({ alias }): Promise<readonly KeptDirectory[]> => {
    const here = found.filter(({ host }) => host === alias);
    const remote = run.hosts.get(alias);
    if (here.length === 0 || remote?.line !== 'connected')
      return here.map((one) => ({ ...one, bytes: null }));
    const script = sizesScript(here.map(({ path }) => path)).text;
    const answer = await remote.run(script, { as: userOn(run.facts, alias), timeoutMs }).catch(() => null);
    const sizes = answer?.ok === true ? answer.value.stdout.split('\n') : [];
    return here.map((one, at) => ({ ...one, bytes: null, ...sizeIn(sizes[at]) }));
  });
  return (await Promise.all(measured)).flat();
};

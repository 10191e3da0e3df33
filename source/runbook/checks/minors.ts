import type { HostFacts } from '../../cluster/facts.ts';
import { lastReleaseDay } from '../../cluster/releases.ts';
import { minorsArePaired, parsePostgresVersion } from '../../cluster/version.ts';

/** The check by whose name a cluster file accepts minor versions whose days of release nobody knows here. */
export const unknownMinors = 'minors-known';

export type MinorsJudgment =
  | { readonly kind: 'paired' }
  | { readonly kind: 'target-older' | 'unknown'; readonly found: string; readonly remedy: string };

/** Whether a host's new version is no older than its old one: what `check` says, and what the window goes by. */
export const judgeMinors = ({
  oldVersion,
  newVersion,
  newBindir,
}: Pick<HostFacts, 'oldVersion' | 'newVersion' | 'newBindir'>): MinorsJudgment => {
  const [old, next] = [parsePostgresVersion(oldVersion), parsePostgresVersion(newVersion)];
  const pairing =
    old === null || next === null
      ? { kind: 'unknown' as const, versions: old === null ? [oldVersion] : [newVersion] }
      : minorsArePaired(old, next);
  switch (pairing.kind) {
    case 'paired':
      return { kind: 'paired' };
    case 'target-older':
      return {
        kind: 'target-older',
        found: `${newVersion} is older than ${oldVersion}`,
        remedy:
          pairing.lowest === null
            ? `install a release of ${next?.major ?? 'the new version'} that is no older than ${oldVersion} in ${newBindir}`
            : `install ${pairing.lowest} or later in ${newBindir}`,
      };
    case 'unknown':
      return {
        kind: 'unknown',
        found: `the release of ${pairing.versions.join(' and ')} is not known here, where the last one is of ${lastReleaseDay}: ${newVersion} may be older than ${oldVersion}`,
        remedy: `install the present pgaf-upgrade; or read in the release notes that ${newVersion} is no older than ${oldVersion}, and accept ${unknownMinors} in the cluster file`,
      };
  }
};

import { type ClusterFacts, type HostFacts, isNode, isOnline, preloadsCitus } from '../../cluster/facts.ts';
import { type Fragment, sh } from '../../cluster/fragment.ts';
import { type HostObservation, hostIn } from '../../cluster/observations.ts';
import type { Path } from '../../cluster/words.ts';
import { onHost, verdictOf } from '../language/conditions.ts';
import { done, makeStep, pending } from '../language/make-step.ts';
import type { StepOf } from '../language/outline.ts';
import type { Condition } from '../language/step.ts';
import { nothingToUndo } from '../language/undo.ts';
import { leftoverNamesLines, leftoversOf } from '../shell/ownership.ts';
import { privateSocket, script } from '../shell/shell.ts';
import { linkDir } from './hard-link/names.ts';

/** Copies that steps left beside pg_autoctl's own files, and logs of private servers: they belong to the saved files. */
const strayCopies = (host: HostFacts): Fragment => sh`
  for f in private-start.log promote.log serve.log ${host.configFile}.before-rollback${isNode(host) ? sh` ${host.stateFile}.*` : sh``}; do
    if [ -e "$f" ]; then mkdir -p saved; mv "$f" saved/; fi
  done
`;

const leftOn = (facts: ClusterFacts, host: HostFacts, seen: HostObservation): readonly Path[] => [
  ...leftoversOf(facts, seen),
  ...seen.leftovers.filter((path) => path === linkDir(host)),
];

/**
 * What a later upgrade must not find: marks, fingerprints and copies of this one. The record and the saved files stay,
 * under a dated name. `others`: hosts of other groups that `before` rests on.
 */
export const removeMarkers =
  (host: HostFacts, before: readonly Condition[] = [], others: readonly HostFacts[] = []): StepOf =>
  (facts, phase) => {
    // of the online method: what was prepared stands, where it was not called off
    const keeps = isOnline(facts) && isNode(host) && host.role === 'primary';
    const marks = (seen: HostObservation): number =>
      seen.markers.filter((one) => !(keeps && one === 'follower-statistics')).length +
      (seen.fingerprint === null || keeps ? 0 : 1);
    const step = makeStep(facts, {
      id: 'tidy',
      phase,
      host,
      as: 'postgres',
      title: 'Remove marker files',
      reason:
        'The next upgrade starts afresh; the cluster record and the saved files stay, under a dated name.',
      guide: null,
      danger: 'changes',
      script: script(sh`
        umask 077
        mkdir -p ${host.workDir} && cd ${host.workDir}
        ${strayCopies(host)}
        ${leftoverNamesLines(facts, host)}
        # the marker files go last, behind the record: while one is there, this is not done, and a rollback through a fallback copy is found again
        mkdir -p done; date -u +%FT%TZ > done/tidying; sync -- done/tidying done || sync
        rm -rf ${!keeps && sh`fingerprint `}fingerprint-old stopped handed-over noted noted.now noted.now.differs inventory inventory.now inventory.differs subscriptions receiving to-do pg_upgrade configuration checks link base-backup tablespaces${host.wal !== null && sh` wal-directory`}${preloadsCitus(host) && sh` citus citus.new citus.now databases.citus repair-citus.sql`}${!keeps && sh` ${privateSocket(host)}`}
        now=$(date -u +%Y%m%dT%H%M%SZ)
        if [ -d saved ]; then mv saved "saved.$now"; fi
        if [ -e record.json ]; then mv record.json "record.$now.json"; fi
        sync -- . || sync
        ${keeps ? sh`for one in done/*; do case $one in */follower-statistics) ;; *) rm -f "$one" ;; esac; done; rmdir done 2>/dev/null || true` : sh`rm -rf done`}
        ls -l
        for d in ${host.data}_pg*_abandoned*; do if [ -d "$d" ]; then du -sh "$d"; fi; done
      `),
      probe: (world) => {
        const seen = hostIn(world, host.alias);
        if (seen === null) return pending('not seen');
        const left = leftOn(facts, host, seen);
        return marks(seen) === 0 && seen.stopped === null && seen.handedOver === null && left.length === 0
          ? done('none is left')
          : pending(['they are there', ...left].join(', '));
      },
      before,
      after: [
        onHost(host.alias, 'no marker file is left', (seen) => verdictOf(marks(seen) === 0, 'some are')),
        onHost(host.alias, 'nothing is left of a step that was killed', (seen) => {
          const left = leftOn(facts, host, seen);
          return verdictOf(left.length === 0, `${left.join(', ')} is there`);
        }),
      ],
      undo: nothingToUndo,
    });
    return { ...step, inspects: [...new Set([...step.inspects, ...others.map(({ alias }) => alias)])] };
  };

import { posix } from 'node:path';
import type { ClusterFacts, HostFacts, NodeFacts } from '../../cluster/facts.ts';
import { isNode, primaryOf } from '../../cluster/facts.ts';
import { type Fragment, quoted, sh, word } from '../../cluster/fragment.ts';
import { hostIn, type Observations } from '../../cluster/observations.ts';
import type { Path, RelativePath, SystemIdentifier } from '../../cluster/words.ts';
import { autoctlIsStopped, notServing, onHost, verdictOf } from '../conditions.ts';
import { newSystemIdentifier } from '../evidence.ts';
import { done, half, makeStep, pending } from '../make-step.ts';
import { keepFunction } from '../proofs.ts';
import { rootDirectory, rootScriptAfter } from '../root-verbs.ts';
import { inBin, script } from '../shell.ts';
import { type PhaseId, type Probe, ready, type Script, type Step } from '../step.ts';
import { downLines } from './service.ts';

/** What pg_autoctl and systemd hold about a node, brought to the new version. */

/** `to`: the version whose programs pg_autoctl is to start. Run by the new pg_autoctl, which reads both. */
const pointPgCtl = (
  facts: ClusterFacts,
  host: HostFacts,
  phase: PhaseId,
  to: 'new' | 'old',
  guide: string | null,
): Step => {
  const [newPgCtl, oldPgCtl] = [inBin(host.newBindir, 'pg_ctl'), inBin(host.oldBindir, 'pg_ctl')];
  const [wanted, other] = to === 'new' ? [newPgCtl, oldPgCtl] : [oldPgCtl, newPgCtl];
  return makeStep(facts, {
    id: 'pg-ctl',
    phase,
    host,
    as: 'postgres',
    title: `pg_autoctl’s pg_ctl → ${to === 'new' ? facts.newMajor : facts.oldMajor}`,
    reason: 'pg_autoctl starts the server with the programs that its configuration names.',
    guide,
    danger: 'changes',
    script: script(
      ...downLines(host),
      sh`${host.newAutoctl} config set postgresql.pg_ctl ${wanted} --pgdata ${host.pgdata}`,
    ),
    probe: (world) => {
      const found = hostIn(world, host.alias)?.pgCtl ?? null;
      return found === wanted
        ? done(`it is ${wanted}`)
        : pending(found === null ? 'not seen' : `it is ${found}`);
    },
    before: [notServing(host)],
    after: [
      onHost(host.alias, `postgresql.pg_ctl is ${wanted}`, (seen) =>
        verdictOf(seen.pgCtl === wanted, `it is ${seen.pgCtl ?? 'unknown'}`),
      ),
    ],
    undo: `pg_autoctl config set postgresql.pg_ctl ${other}`,
  });
};

export const pgCtlStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step =>
  pointPgCtl(
    facts,
    host,
    phase,
    'new',
    !isNode(host) ? 'Step 8' : host.role === 'primary' ? 'Step 6' : 'Step 12',
  );

export const oldPgCtlStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step =>
  pointPgCtl(facts, host, phase, 'old', null);

/** The unit's program, where it lies in a directory per version. Debian's one pg_autoctl for all needs no edit. */
export const unitStep = (facts: ClusterFacts, host: HostFacts, phase: PhaseId): Step[] => {
  const { service } = host;
  if (service.kind === 'none' || host.oldAutoctl === host.newAutoctl) return [];
  const to = posix.dirname(host.newAutoctl);
  return [
    makeStep(facts, {
      id: 'unit',
      phase,
      host,
      as: 'root',
      title: `${service.unit} → ${to}`,
      reason: 'The service must run the pg_autoctl that goes with the new version.',
      guide: isNode(host) ? 'Step 11' : 'Step 8',
      ...(isNode(host)
        ? {
            deviation: `The guide edits the monitor’s unit only: its steps 11 and 12 leave the nodes’ on ${facts.oldMajor}.`,
          }
        : {}),
      danger: 'changes',
      script: rootScriptAfter(facts, host, downLines(host), 'unit-new'),
      probe: (world) => {
        const unit = hostIn(world, host.alias)?.unit;
        if (unit == null) return pending('not seen');
        return unit.program === host.newAutoctl
          ? done(`it runs ${unit.program}`)
          : pending(`it runs ${unit.program}`);
      },
      before: [notServing(host)],
      after: [
        onHost(host.alias, `${service.unit} runs ${host.newAutoctl}`, (seen) =>
          verdictOf(seen.unit?.program === host.newAutoctl, `it runs ${seen.unit?.program ?? 'nothing'}`),
        ),
      ],
      undo: `restore the unit from ${rootDirectory}; systemctl daemon-reload`,
    }),
  ];
};

/** Eight bytes, least significant first, as octal escapes for printf. */
const littleEndian = (identifier: string): string => {
  let rest = BigInt(identifier);
  let text = '';
  for (let index = 0; index < 8; index += 1) {
    text += `\\${(rest & 0xffn).toString(8).padStart(3, '0')}`;
    rest >>= 8n;
  }
  return text;
};

/** Writes an identifier into a state file. `from` is what must be found there; null: whatever it is. */
export const identifierLines = (
  host: NodeFacts,
  from: SystemIdentifier | null,
  to: SystemIdentifier,
  kept: RelativePath,
): Fragment[] => {
  const file: Path = host.stateFile;
  return [
    sh`# bytes 16 to 23 of the state file are the system identifier, least significant byte first`,
    sh`now=$(od -An -v -t u8 -j 16 -N 8 ${file} | tr -d ' ')`,
    sh`if [ "$now" = ${to} ]; then echo "it is ${to} already"; exit 0; fi`,
    ...(from === null
      ? []
      : [sh`[ "$now" = ${from} ] || { echo "found $now, expected ${from}" >&2; exit 1; }`]),
    ...downLines(host),
    sh`[ "$(wc -c < ${file})" -eq 1024 ] || { echo 'not the state file this knows: its size is not 1024' >&2; exit 1; }`,
    sh`cp -p ${file} ${file}.${kept}`,
    sh`cp -p ${file} ${file}.new`,
    sh`printf ${quoted(littleEndian(to))} | dd of=${file}.new bs=1 seek=16 conv=notrunc 2>/dev/null`,
    sh`[ "$(od -An -v -t u8 -j 16 -N 8 ${file}.new | tr -d ' ')" = ${to} ]`,
    sh`keep ${file}.${kept} ${file}.new`,
    sh`mv ${file}.new ${file}`,
    sh`keep ${file}`,
    sh`echo "system identifier $now -> ${to}"`,
  ];
};

/**
 * What brings the new system identifier into a node's state file. Only the identifier is written; node id, name, priority
 * and quorum survive. Source: pg_auto_failover, src/bin/pg_autoctl/state.h, KeeperStateData ("do not change the order of
 * fields"), and https://github.com/hapostgres/pg_auto_failover/issues/506.
 */
export const stateFileParts = (facts: ClusterFacts, host: NodeFacts) => ({
  deviation:
    'The guide registers the node again: with the state file there that is fatal, with it gone the name is taken. One field is written instead, so the node keeps its id, name, priority and quorum.',
  /** `first`: lines that come before it. */
  script: (world: Observations, first: readonly Fragment[] = []): Script => {
    const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
    if (identifier === null)
      return { kind: 'unresolved', needs: 'the new system identifier, which initdb chooses' };
    const lines = identifierLines(host, facts.systemIdentifier, identifier, word`pg${facts.oldMajor}`);
    return ready(script(...keepFunction, ...first, ...lines));
  },
  probe: (world: Observations): Probe => {
    const identifier = newSystemIdentifier(facts, primaryOf(facts), world);
    const found = hostIn(world, host.alias)?.stateIdentifier ?? null;
    if (identifier !== null && found === identifier) return done(`it is ${identifier}`);
    if (found !== null && found !== facts.systemIdentifier)
      return half(`it is ${found}, neither the old nor the new one`);
    return pending(`it is ${found ?? 'unknown'}`);
  },
  after: [
    onHost(host.alias, 'the state file has the new system identifier', (seen, world) =>
      verdictOf(
        seen.stateIdentifier !== null &&
          seen.stateIdentifier === newSystemIdentifier(facts, primaryOf(facts), world),
        `it is ${seen.stateIdentifier ?? 'unknown'}`,
      ),
    ),
  ],
  undo: sh`mv ${word`${host.stateFile}.pg${facts.oldMajor}`} ${host.stateFile}`.text,
});

/** A secondary's state file; the primary's is part of its hand-over. */
export const stateFileStep = (facts: ClusterFacts, host: NodeFacts, phase: PhaseId): Step => {
  const { script: text, ...parts } = stateFileParts(facts, host);
  return makeStep(facts, {
    ...parts,
    id: 'state-file',
    phase,
    host,
    as: 'postgres',
    title: 'Write the new system identifier into pg_autoctl’s state file',
    reason: 'Otherwise pg_autoctl logs “Unknown PostgreSQL system identifier” every second and never heals.',
    guide: 'Step 12',
    danger: 'changes',
    script: (world) => text(world),
    before: [autoctlIsStopped(host)],
  });
};

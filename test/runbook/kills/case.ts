import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterFacts, hostsOf } from '../../../source/cluster/facts.ts';
import type { Fragment } from '../../../source/cluster/fragment.ts';
import type { Observations } from '../../../source/cluster/observations.ts';
import { shellQuoted } from '../../../source/cluster/quote.ts';
import { parseState } from '../../../source/inspect/state/parse.ts';
import { stateScript } from '../../../source/inspect/state/script.ts';
import { cleanupRunbook } from '../../../source/runbook/cleanup.ts';
import { type Probe, ready, type Step } from '../../../source/runbook/language/step.ts';
import { callOffRunbook, prepareRunbook } from '../../../source/runbook/online.ts';
import { rollbackRunbook } from '../../../source/runbook/rollback.ts';
import { upgradeRunbook } from '../../../source/runbook/upgrade.ts';
import { type RollbackVerdict, rollbackVerdict } from '../../../source/runbook/verdict/verdict.ts';
import { good } from '../../cluster/recorded.ts';
import { labCluster } from '../clusters.ts';
import type { Model } from '../model.ts';
import { Sandbox } from '../sandbox.ts';
import { modelAfter } from '../worlds.ts';
import { becomes, contentOf, forgetStates, passes } from './disk.ts';
import { atSandbox, layUnit, unit } from './unit.ts';

/**
 * A script that moves, removes or overwrites something, in a real shell. It is ended in every state that it brings the disk into; there the
 * disk is inspected with the product's own look, and the script is begun again, as the console would. Another script is one more `Case`.
 */
export interface Case {
  readonly step: string;
  /** What tells it from another case of the same step. */
  readonly says?: string;
  readonly of?: 'rollback' | 'cleanup' | 'prepare' | 'call-off';
  /** A script that is no step's: it is begun again in every state. */
  readonly script?: (host: Sandbox) => Fragment;
  /** What is gone on without. */
  readonly leftOut?: readonly string[];
  readonly facts?: ClusterFacts;
  /** The step that has run last on the other hosts, and what is otherwise there. */
  readonly after: string;
  readonly given?: (model: Model) => void;
  /** Under systemd; a step that is root's needs it. */
  readonly unit?: true;
  readonly lay: (host: Sandbox) => void;
  /** What programs of the new version, or of the machine, do: lines of the shell. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** The same of the old version. */
  readonly oldPrograms?: (host: Sandbox) => Readonly<Record<string, readonly string[]>>;
  /** What is there once the script has come to its end, however often it was begun. */
  readonly ends: (host: Sandbox) => unknown;
  /** Which rows must be on the disk at every moment: those of the old version, or what the new one has written; null: none is there. */
  readonly rows: 15 | 17 | null;
  /** What the rollback verdict may be at any moment; absent: any. */
  readonly verdicts?: readonly RollbackVerdict['kind'][];
  /** The old directory can be started beside the new one, whose files it shares, until the new one is: a secondary's, by design. */
  readonly shares?: true;
  /** Must hold at every moment as well; in words what does not. */
  readonly always?: (host: Sandbox, world: Observations) => string | null;
}

export const nameOf = (one: Case): string =>
  `${one.step} after ${one.after}, ${one.facts?.name ?? 'lab'}, ${one.facts?.mode ?? 'link'}${one.says === undefined ? '' : `: ${one.says}`}`;

export const version = (box: Sandbox, directory: string): string | null =>
  box.has(join(directory, 'PG_VERSION')) ? box.read(join(directory, 'PG_VERSION')).trim() : null;
/** Of the three directories that the steps rename, in this order: data, new, set aside. */
export const versions = (box: Sandbox) =>
  [box.node.data, box.node.newData, box.node.backupData].map((path) => version(box, path));
const controls = ['pg_control', 'pg_control.old', 'pg_control.do-not-start'];

/** Under this name lies what is being made, or the version and the mark of what was removed: nothing takes it for anything. */
export const isPassing = (box: Sandbox, path: string): boolean => path.endsWith(`.${box.facts.run}`);

/** Directories of the cluster, whatever they are called by now; not those of somebody else. */
export const clustersOf = (box: Sandbox): readonly string[] => {
  const lib = join(box.root, 'lib');
  return readdirSync(lib)
    .map((name) => join(lib, name))
    .filter(
      (path) =>
        ['15', '17'].includes(version(box, path) ?? '') &&
        !others(box).includes(path) &&
        !isPassing(box, path),
    );
};
export const startable = (box: Sandbox): readonly string[] =>
  clustersOf(box).filter((path) => box.has(join(path, 'global/pg_control')));

/** What is somebody else's, under names that are close to ours. */
const others = (box: Sandbox): readonly string[] => [
  ...['17/other', 'data_pg13_abandoned', 'data_pg17_abandoned'].map((name) => join(box.root, 'lib', name)),
  ...box.node.tablespaces.map((place) => join(place, 'PG_13_2022')),
];
const layOthers = (box: Sandbox): void => {
  for (const path of others(box))
    for (const name of ['PG_VERSION', 'global/pg_control', 'base/16384/1'])
      box.write(join(path, name), path.includes('17') ? '17\n' : '13\n');
};

const filesBelow = (directory: string): number[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => lstatSync(join(entry.parentPath, entry.name)).ino);
/** The relations' files, in the directory and in its tablespaces. */
const relations = (box: Sandbox, directory: string): ReadonlySet<number> => {
  const links = join(directory, 'pg_tblspc');
  const places = box.has(links) ? readdirSync(links).map((name) => join(links, name)) : [];
  const parts = places.flatMap((place) =>
    box.has(place)
      ? readdirSync(`${place}/`)
          .filter((name) => name.startsWith(`PG_${version(box, directory)}_`))
          .map((name) => join(place, name))
      : [],
  );
  return new Set(
    [join(directory, 'base'), ...parts].filter((one) => box.has(one)).flatMap((one) => filesBelow(`${one}/`)),
  );
};

/** A server on either would change the other's files. */
const bothStartable = (box: Sandbox): string | null => {
  const files = startable(box).map((path) => [path, relations(box, path)] as const);
  for (const [path, own] of files)
    for (const [other, its] of files)
      if (path < other && [...own].some((file) => its.has(file)))
        return `a server could be started on ${path} and on ${other}, which share files`;
  return null;
};

const rowsAreThere = (box: Sandbox, major: 15 | 17): string | null => {
  const rows = `rows of ${major}`;
  const has = (path: string): boolean => box.has(path) && box.read(path) === rows;
  const found = clustersOf(box).find(
    (path) =>
      version(box, path) === String(major) &&
      has(join(path, 'base/16384/1')) &&
      // What the new version has written is in one place, and can be had only by starting it.
      (major === 17 ? ['pg_control'] : controls).some((name) => box.has(join(path, 'global', name))),
  );
  if (found === undefined) return `the rows of ${major} are gone`;
  const lost = box.node.tablespaces.find(
    (place) =>
      !['', ...(box.has(`${place}_aside`) ? readdirSync(`${place}_aside`) : [])].some((name) =>
        has(join(name === '' ? place : join(`${place}_aside`, name), `PG_${major}_2022/16384/2`)),
      ),
  );
  return lost === undefined ? null : `the rows of ${major} in ${lost} are gone`;
};

interface Now {
  readonly world: Observations;
  readonly step: Pick<Step, 'script' | 'probe' | 'interrupted' | 'before'> | undefined;
}

/** What the disk says now of the host whose script was ended; of the others, what the model says. */
const now = (one: Case, box: Sandbox, model: Model): Now => {
  const alias = one.step.split('.')[1] ?? '';
  const host = hostsOf(box.facts).find((found) => found.alias === alias) ?? box.node;
  const ran = box.sh(atSandbox(box, stateScript(host, 17, null, box.facts).text));
  const world: Observations = {
    hosts: {
      ...model.world().hosts,
      [alias]: { kind: 'seen', at: 0, host: good(parseState(alias, ran.output)) },
    },
    ...(one.leftOut === undefined ? {} : { leftOut: one.leftOut }),
  };
  if (one.script !== undefined) {
    const text = one.script(box);
    const pending: Probe = { state: 'pending', says: 'it can be begun at any time' };
    return {
      world,
      step: { script: () => ready(text), probe: () => pending, interrupted: () => null, before: [] },
    };
  }
  const steps =
    one.of === 'rollback'
      ? rollbackRunbook(box.facts, world).steps
      : one.of === 'cleanup'
        ? cleanupRunbook(box.facts, world)
        : one.of === 'prepare'
          ? prepareRunbook(box.facts, world)
          : one.of === 'call-off'
            ? callOffRunbook(box.facts, world)
            : upgradeRunbook(box.facts);
  return { world, step: steps.find(({ id }) => id === one.step) };
};

/** A program that is given as lines is a function of the script's own shell: it can be ended between its commands, too. */
const textOf = (one: Case, box: Sandbox, step: Pick<Step, 'script'>, world: Observations): string => {
  const script = step.script(world);
  if (script.kind !== 'ready') throw new Error(script.needs);
  const old = Object.entries(one.oldPrograms?.(box) ?? {});
  const programs = [...Object.entries(one.programs ?? {}), ...old];
  const text = programs.reduce(
    (all, [name]) =>
      all.replaceAll(
        shellQuoted(join(old.some(([its]) => its === name) ? box.node.oldBindir : box.node.newBindir, name)),
        `stub_${name}`,
      ),
    atSandbox(box, script.text),
  );
  const functions = programs.flatMap(([name, lines]) =>
    [name, `stub_${name}`].map((called) => `${called}() ( set -eu; pgaf_program=yes\n${lines.join('\n')}\n)`),
  );
  return [...functions, 'taskset() { shift 2; "$@"; }', 'nice() { shift 2; "$@"; }', text].join('\n');
};

const unmet = ({ world, step }: Now): readonly string[] =>
  (step?.before ?? []).filter((one) => !one.holds(world).holds).map((one) => one.text);

export interface Searched {
  readonly states: number;
  /** What went wrong, and where the script was ended; empty: nothing. */
  readonly found: readonly string[];
}

/** The sandbox before the script, and the script. */
export const laid = (one: Case) => {
  const box =
    one.unit === true ? new Sandbox(one.facts ?? labCluster(), unit) : new Sandbox(one.facts ?? labCluster());
  layOthers(box);
  if (one.unit === true) layUnit(box);
  one.lay(box);
  const model = modelAfter(box.facts, one.after);
  one.given?.(model);
  const first = now(one, box, model);
  if (first.step === undefined) throw new Error(`no step ${one.step}`);
  return { box, model, first, text: textOf(one, box, first.step, first.world) };
};

/** `again`: what has been begun again is ended in each of its states as well, and begun a third time. */
export const searchKills = (one: Case, { again = false } = {}): Searched => {
  const { box, model, first, text: firstText } = laid(one);
  try {
    const before = others(box).map(contentOf);
    const unmetAtFirst = unmet(first);
    const whole = passes(box, firstText);
    if (whole.code !== 0) throw new Error(`the script itself fails: ${whole.output}`);
    const wanted = JSON.stringify(one.ends(box));
    const queue = whole.states.map((state) => ({ ...state, first: true }));
    const seen = new Set(queue.map(({ content }) => content));
    const found: string[] = [];
    for (const state of queue) {
      becomes(box, state);
      const { world, step } = now(one, box, model);
      const verdict = rollbackVerdict(box.facts, world);
      const says = (...harms: readonly (string | null)[]): void => {
        for (const harm of harms) if (harm !== null) found.push(`${harm}; before “${state.command}”`);
      };
      says(
        one.rows === null ? null : rowsAreThere(box, one.rows),
        one.shares ? null : bothStartable(box),
        one.verdicts === undefined || one.verdicts.includes(verdict.kind)
          ? null
          : `the verdict is ${verdict.kind}: ${verdict.says}`,
        one.always?.(box, world) ?? null,
      );
      if (step === undefined || step.probe(world).state === 'done') {
        const ends = JSON.stringify(one.ends(box));
        says(ends === wanted ? null : `the step is not asked for any more: ${ends} instead of ${wanted}`);
        continue;
      }
      if (step.interrupted(world) === null)
        says(
          ...unmet({ world, step })
            .filter((condition) => !unmetAtFirst.includes(condition))
            .map((condition) => `it cannot be begun again: not true that ${condition}`),
        );
      const text = textOf(one, box, step, world);
      const next = again && state.first ? passes(box, text) : { ...box.sh(text), states: [] };
      const ends = next.code === 0 ? JSON.stringify(one.ends(box)) : '';
      says(
        next.code === 0
          ? ends === wanted
            ? null
            : `begun again it ends otherwise: ${ends} instead of ${wanted}`
          : `begun again it ends with ${next.code}: ${next.output}`,
        others(box).every((path, index) => box.has(path) && contentOf(path) === before[index])
          ? null
          : 'what is somebody else’s was touched',
      );
      for (const fresh of next.states)
        if (!seen.has(fresh.content)) {
          seen.add(fresh.content);
          queue.push({ ...fresh, command: `${fresh.command}” behind “${state.command}`, first: false });
        }
    }
    return { states: queue.length, found };
  } finally {
    box.remove();
    forgetStates();
  }
};

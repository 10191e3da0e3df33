import { recorded } from '../cluster/recorded.ts';
import { manyClients } from './fake-clients.ts';
import { doneBefore, stepCount, at as steps } from './fake-cluster.ts';
import { type FakeOptions, sampleFailure } from './fake-engine.ts';
import { keys, type openScreen } from './screen.tsx';

type OpenScreen = Awaited<ReturnType<typeof openScreen>>;

/** One screen worth looking at: how one gets there, and what is to be seen. */
export interface Journey {
  readonly name: string;
  /** For the head of the file: what is seen, and when. */
  readonly sees: string;
  readonly options?: FakeOptions;
  /** Which locale; default one with UTF-8. */
  readonly lang?: string;
  readonly go?: (screen: OpenScreen, at: number) => Promise<unknown>;
}

const upgrade = steps.pgUpgrade;
/** pg_upgrade waits, and with it what may run beside it. */
const atUpgrade: FakeOptions = { done: doneBefore(upgrade), parallel: true };
const link = recorded('postgresql-17.12/pg_upgrade/link.txt');
const restoring = `${link.slice(0, link.indexOf('Restoring database schemas'))}${'Restoring database schemas in the new cluster'.padEnd(62)}`;
const megabyte = 1024 ** 2;

/** pg_upgrade is started and has printed up to its longest part; what was started with it is over. */
const upgrading = async ({ engine, press }: OpenScreen) => {
  await press(keys.enter);
  engine.finishAllBut(upgrade);
  engine.print(upgrade, restoring);
};

/** The old version follows, and does not keep up with what is written in one database. */
const followingView = (at: number) => ({
  verdict: { kind: 'lossless', says: 'lossless: PostgreSQL 15 follows, and has what 17 writes' } as const,
  follows: {
    lag: [
      'lag 12 MB, 7 s; falling behind by 1.1 MB a second; 98 MB of WAL kept',
      'lag 12 MB, 7 s; falling behind by 1.1 MB a second',
      'FALLING BEHIND',
    ],
    databases: [
      { name: 'app', behindBytes: 12 * megabyte, behindSeconds: 7, keptBytes: 98 * megabyte },
      { name: 'reporting', behindBytes: 184, behindSeconds: 0, keptBytes: 16 * megabyte },
    ].map((one) => ({ ...one, leftBytes: null, active: true, errors: 0 })),
    trend: 'falling behind by 1.1 MB a second',
    falls: true,
    at: at - 41_000,
  },
});

/** The clock of all screens: it stands still. */
export const journeyTime = Date.parse('2026-11-23T02:18:00Z');

export const journeys: readonly Journey[] = [
  {
    name: 'host-key',
    sees: 'The first connection: a host whose key nobody has trusted yet. Enter is no.',
    options: {
      questions: [
        {
          kind: 'unknown-host-key',
          alias: 'node_2',
          host: '10.0.0.12',
          keyType: 'ssh-ed25519',
          fingerprint: 'SHA256:Nq7Wlk2lV5c0HkG0cT3hJ9oYb1xq8mC2p7sQe4ZtR0A',
        },
      ],
    },
  },
  {
    name: 'card',
    sees: 'A step waits: its card, and what Enter would do. The secondaries are in maintenance, the monitor is down.',
    options: atUpgrade,
  },
  {
    name: 'stop',
    sees: 'The stop of the primary waits: what it begins, and who is connected now.',
    options: { done: doneBefore(steps.stop) },
    go: ({ engine, press }) => {
      engine.set({ clients: manyClients });
      return press();
    },
  },
  {
    name: 'terminate',
    sees: 't on the stop of the primary: whose sessions would end; the name of the host is asked for.',
    options: { done: doneBefore(steps.stop) },
    go: async ({ engine, press }) => {
      engine.set({ clients: manyClients });
      return press('t', ...'node');
    },
  },
  {
    name: 'run-on',
    sees: 'G on the stop of the primary: what it runs, and as far as where.',
    options: { done: doneBefore(steps.stop), parallel: true },
    go: ({ engine, press }) => {
      engine.set({ clients: manyClients });
      return press('G', ...'node');
    },
  },
  {
    name: 'rollback-stop',
    sees: 'A rollback that loses writes: its stop of the primary begins the downtime and cannot be undone.',
    options: { done: stepCount },
    go: async ({ engine, press }) => {
      engine.turn('rollback');
      const stop = engine.view.steps.find(({ asksName }) => asksName === 'downtime-irreversible');
      for (const step of engine.view.steps) {
        if (step.id === stop?.id) break;
        engine.skip(step.id, 'for this screen');
      }
      return press(keys.enter, ...'node');
    },
  },
  {
    name: 'pg-upgrade',
    sees: 'pg_upgrade runs, 42 seconds in: stages, time to go, what it is at.',
    options: atUpgrade,
    go: async (screen, at) => {
      await upgrading(screen);
      screen.engine.set({
        steps: screen.engine.view.steps.map((step) =>
          step.id === upgrade
            ? { ...step, expectedMs: 130_000, status: { kind: 'running', since: at - 42_000 } }
            : step,
        ),
      });
      screen.engine.tells(upgrade, { ...screen.engine.view.progress[upgrade], leftMs: 88_000 });
      return screen.press();
    },
  },
  {
    name: 'pg-upgrade-ascii',
    sees: 'The same in a locale without UTF-8.',
    options: atUpgrade,
    lang: 'C',
    go: async (screen) => {
      await upgrading(screen);
      return screen.press();
    },
  },
  {
    name: 'base-backup',
    sees: 'pg_autoctl copies a secondary from the primary: bytes as the primary tells them, rate, time to go.',
    options: { done: doneBefore('H.node_2.pg-ctl'), parallel: true },
    go: async ({ engine, press }, at) => {
      await press(keys.enter);
      engine.finishUntil(steps.join);
      const step = engine.view.steps.find(({ id }) => id === steps.join);
      if (step === undefined) return;
      engine.print(step.id, 'the command waits some time and then gives up; the base backup goes on\n');
      const settling = {
        kind: 'settling',
        since: at - 61_000,
        waitingFor: 'node_2 is secondary (now: wait_standby → catchingup)',
      } as const;
      engine.set({
        steps: engine.view.steps.map((one) => (one.id === step.id ? { ...one, status: settling } : one)),
      });
      engine.tells(step.id, {
        done: 5_911 * megabyte,
        total: 16_384 * megabyte,
        doing: 'copying',
        rate: 98.6 * megabyte,
        leftMs: 106_200,
      });
      return press();
    },
  },
  {
    name: 'no-output',
    sees: 'pg_upgrade has printed nothing for long: what its host is doing. Nothing is ended by itself.',
    options: atUpgrade,
    go: async (screen, at) => {
      await upgrading(screen);
      const quiet = {
        since: at - 93_000,
        at: at - 2_000,
        found: [
          'process 4711 pg_restore, sleeping: --host /var/lib/postgresql/pgaf-upgrade/pg_upgrade --port 50432 --dbname shop',
          'disk /var/lib/postgresql: 112G free of 400G (72% used)',
          'server 50432: 4713 client backend shop active waits for Lock/relation blocked by 4720 for 00:01:31 CREATE TABLE',
        ],
      };
      screen.engine.set({
        steps: screen.engine.view.steps.map((step) =>
          step.id === upgrade ? { ...step, status: { kind: 'running', since: at - 135_000, quiet } } : step,
        ),
      });
      return screen.press();
    },
  },
  {
    name: 'connection-lost',
    sees: 'The host of the running step gives no answer; its command keeps running if the host is up.',
    options: atUpgrade,
    go: async (screen, at) => {
      await upgrading(screen);
      screen.engine.set({
        hosts: screen.engine.view.hosts.map((host) =>
          host.alias === 'node_1' ? { ...host, line: 'reconnecting', lastByteAt: at - 12_000 } : host,
        ),
      });
      return screen.press();
    },
  },
  {
    name: 'search-typing',
    sees: '/ in the output: what is typed is marked as one types, and counted.',
    options: atUpgrade,
    go: async (screen) => {
      await upgrading(screen);
      return screen.press('/', ...'xact');
    },
  },
  {
    name: 'search-found',
    sees: 'Enter, then N: a place found, which of how many, the one that n and N go from.',
    options: atUpgrade,
    go: async (screen) => {
      await upgrading(screen);
      return screen.press('/', ...'xact', keys.enter, 'N');
    },
  },
  {
    name: 'steps',
    sees: 'l, then “node_1 irrev”: the list of steps, filtered. Enter shows one and runs nothing.',
    options: { done: doneBefore(steps.firstStart) },
    go: ({ press }) => press('l', ...'node_1 irrev'),
  },
  {
    name: 'failure',
    sees: 'A step has failed: what, why, what the servers say, and the choices.',
    options: atUpgrade,
    go: async (screen) => {
      await upgrading(screen);
      screen.engine.finishStep(sampleFailure('node_1'));
      return screen.press();
    },
  },
  {
    name: 'no-return',
    sees: 'Enter on a point of no return: the name of the host is asked for.',
    options: { done: doneBefore(steps.firstStart) },
    go: ({ press }) => press(keys.enter, ...'node'),
  },
  {
    name: 'rollback',
    sees: 'r: what a rollback would be now. Nothing runs from here.',
    options: { done: doneBefore(steps.firstStart) },
    go: ({ press }) => press('r', keys.up),
  },
  {
    name: 'leave',
    sees: 'q while a step runs and the application is down.',
    options: atUpgrade,
    go: async (screen) => {
      await upgrading(screen);
      return screen.press('q');
    },
  },
  {
    name: 'read-only',
    sees: 'Another console holds the lock and gives no sign of life.',
    options: atUpgrade,
    go: ({ engine, press }, at) => {
      const lock = {
        holder: 'tess@bastion',
        since: '2026-11-23T01:58:00Z',
        aliveAt: at - 190_000,
        dead: true,
      };
      engine.set({ stage: { kind: 'watching', step: upgrade, lock } });
      return press();
    },
  },
  {
    name: 'following',
    sees: 'By the online method, behind the cut-over: how far behind each database of the old version is, as of the last look. It falls behind.',
    options: { done: doneBefore('H.node_2.pg-ctl') },
    go: ({ engine, press }, at) => {
      engine.set({ ...followingView(at) });
      return press();
    },
  },
  {
    name: 'help',
    sees: '?: every key, and what the signs mean.',
    options: atUpgrade,
    go: ({ press }) => press('?'),
  },
  { name: 'finished', sees: 'The last step is done.', options: { done: stepCount } },
];

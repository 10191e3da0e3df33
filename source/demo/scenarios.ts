import type { ScenarioHooks } from './cluster/stage.ts';

export interface Scenario {
  readonly name: string;
  readonly nodes: readonly string[];
  /** What is going to be seen, and which keys to try. */
  readonly says: readonly string[];
  /** How much longer pg_upgrade and a base backup take than in the other scenarios. */
  readonly slower: number;
  readonly stage: (
    cut: (host: string, milliseconds: number) => void,
    tell: (text: string) => void,
  ) => ScenarioHooks;
  /** What its cluster file has besides; `ENDS` is a moment half an hour ahead. */
  readonly clusterFile?: string;
  /** Who approves what the operator may not run alone: user@machine. */
  readonly colleague?: string;
  /** Without a terminal: turn back once 17 has taken writes; try again after a failure. */
  readonly turnsBack: boolean;
}

const one = ['node_1', 'node_2'];
const still = (): ScenarioHooks => ({
  upgradeLine: () => false,
  upgradeFailed: () => undefined,
  baseBackup: () => undefined,
});

/** At most once for each name. */
const once = (): ((name: string) => boolean) => {
  const had = new Set<string>();
  return (name) => {
    if (had.has(name)) return false;
    had.add(name);
    return true;
  };
};

const cutMs = 4_000;

export const scenarios: readonly Scenario[] = [
  {
    name: 'smooth',
    nodes: one,
    says: [
      'A monitor, a primary and a secondary go from PostgreSQL 15 to 17, and nothing goes wrong.',
      'Read the card, press Enter to run its step; o shows the output, r what a rollback would mean, ? all keys.',
    ],
    slower: 1,
    stage: still,
    turnsBack: false,
  },
  {
    name: 'two-secondaries',
    nodes: ['node_1', 'node_2', 'node_3'],
    says: [
      'Two secondaries and number_sync_standbys = 1: it is set to 0 for the window, or every write would hang, and comes back at the end.',
      'Left and Right go from host to host in the list of steps; r, once the first secondary is rebuilt, goes through the other one.',
    ],
    slower: 1,
    stage: still,
    turnsBack: false,
  },
  {
    name: 'pg-upgrade-fails',
    nodes: one,
    says: [
      'After the checks somebody creates a view on pg_stat_bgwriter.buffers_backend, which 17 does not have: pg_upgrade fails mid-way.',
      'The failed step shows the cause (z and PgDn for all of it). Then the view is dropped for you, as you would do by hand: a retries the step. Or r rolls back, with no data loss.',
    ],
    slower: 1,
    stage: (_cut, tell) => {
      const first = once();
      return {
        ...still(),
        upgradeLine: (host, _at, restoring) => {
          if (host !== 'node_1' || !restoring || !first('failed')) return false;
          tell('pg_upgrade comes to the view that was made after the checks, and fails');
          return true;
        },
        upgradeFailed: () => tell('that view is dropped now, as you would do by hand: a retry will pass'),
      };
    },
    turnsBack: false,
  },
  {
    name: 'line-drops',
    nodes: one,
    says: [
      'The SSH connection to node_1 is cut for some seconds in the middle of pg_upgrade, and the one to node_2 in its base backup. Both go on.',
      'Watch what the console knows meanwhile: it says that the connection is lost, reconnects, and goes on with the output from the byte where it was.',
    ],
    slower: 4,
    stage: (cut, tell) => {
      const first = once();
      return {
        ...still(),
        upgradeLine: (host, at) => {
          if (host === 'node_1' && at >= 0.4 && first('pg_upgrade')) {
            tell('the SSH connection to node_1 is cut for 4 s; pg_upgrade goes on');
            cut('node_1', cutMs);
          }
          return false;
        },
        baseBackup: (host, receiving) => {
          if (receiving && first(`base backup ${host}`)) {
            tell(`the SSH connection to ${host} is cut for 4 s; the base backup goes on`);
            cut(host, cutMs);
          }
        },
      };
    },
    turnsBack: false,
  },
  {
    name: 'rollback-after-start',
    nodes: one,
    says: [
      '17 is started and takes writes; then it is decided to roll back. The old files are shared with 17 by then and must never be started, so the rollback goes through the secondary’s fallback copy.',
      'Run the steps up to “Collect full statistics”, press r and read the verdict: what 17 wrote since is lost. Then Enter, and roll back step by step.',
    ],
    slower: 1,
    stage: still,
    turnsBack: true,
  },
  {
    name: 'company',
    nodes: one,
    says: [
      'The window belongs to a company: its cluster file has steps of its own (`steps`). A pooler is paused around the downtime, and a smoke test runs while nobody else can write.',
      'Read the cards of “Pause the pooler” and “Smoke test”; r behind them shows that a rollback would resume the pooler.',
      'The window ends in half an hour: the header says until when a rollback is over by then.',
      'The opening waits for a second person: kim@laptop, who reads its card and approves it some seconds later, from a login of their own.',
    ],
    slower: 1,
    stage: still,
    colleague: 'kim@laptop',
    clusterFile: `window: { end: "ENDS" }
approve: [opening]
ticket: CHG0123
steps:
  pause-pooler:
    at: stopping
    title: Pause the pooler
    why: Applications wait for the pooler instead of failing.
    run: echo 'pgbouncer says PAUSE'
    undo: echo 'pgbouncer says RESUME'
    timeout: 10
  smoke-test:
    at: before-open
    title: Smoke test
    why: While nobody else can write, a failure still costs nothing.
    run: |
      echo "asking the server of version $PGAF_NEW for an order and an invoice"
      echo 'both are there'
  resume-pooler:
    at: opened
    title: Resume the pooler
    run: echo 'pgbouncer says RESUME'
  close-ticket:
    at: finished
    title: Close the ticket
    on: monitor
    run: echo 'CHG0123 is closed'
`,
    turnsBack: false,
  },
];

export const scenarioNamed = (name: string): Scenario | null =>
  scenarios.find((scenario) => scenario.name === name) ?? null;

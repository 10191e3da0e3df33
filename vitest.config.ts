import { defineConfig } from 'vitest/config';
import { temporaryDirectory } from './test/temporary-directory.ts';

/** A `.sh` file of the source is imported as its text, as esbuild has it by `with { type: 'text' }`. */
const shellFiles = {
  name: 'shell-files',
  transform: (text: string, id: string) =>
    id.endsWith('.sh') ? { code: `export default ${JSON.stringify(text)}`, map: null } : null,
};

const project = (name: string, include: string[], rest: object = {}) => ({
  plugins: [shellFiles],
  // Polled for a second, as vitest has it, is too short on a machine that is busy with a lab.
  test: { name, include, environment: 'node' as const, expect: { poll: { timeout: 20_000 } }, ...rest },
});

/** Scripts in a real shell, ended at every moment; searches of the model; a PostgreSQL in the process: most of the time of all unit tests. */
const sandboxed = [
  'test/runbook/{killed-scripts,real-shell,ours,scripts,tablespaces}.test.ts',
  'test/runbook/{root-verbs,proofs,custom-scripts,online-scripts,online-places-scripts,online-ready,online-let-go,online-tablespaces,online-reflink,rehearsal-scripts}.test.ts',
  'test/runbook/{search,search-back,tracks}.test.ts',
  'test/remote/{job,resume,this-machine}.test.ts',
  'test/runbook/checks/dry-run.test.ts',
  'test/engine/{real-inspection,absent,custom-outside,custom-failed}.test.ts',
  'test/demo/monitor/**/*.test.ts',
];

/** Each script of a rollback, and of a cluster with tablespaces, ended at every moment: `npm run test:kills`, in CI and before the lab. */
const killed = [
  'test/runbook/killed-{tablespaces,rollback,online}.test.ts',
  // A PostgreSQL in the process, from nothing: seconds.
  'test/runbook/{online-sequences,online-traps}.test.ts',
];

/** A demo on a machine without GNU's programs, by stand-ins that refuse what POSIX does not have: `npm run test:posix`, in CI and before the lab. */
const withoutGnu = 'test/embedded/not-gnu.test.ts';

const inMemory = { TMPDIR: temporaryDirectory() };

const embedded = {
  testTimeout: 600_000,
  hookTimeout: 120_000,
  // Each demo has its own directory, ports and processes; it waits about as long as it works. By keys two at the same time.
  maxWorkers: 3,
  maxConcurrency: 2,
};

export default defineConfig({
  test: {
    projects: [
      // One process a core for all files: what a test changes of its process it puts back.
      // The default of 5 s is too short for a test that starts shells on a machine that is busy with a lab.
      project(
        'unit',
        [
          'test/{architecture,cluster,demo,runbook,remote,monitor,engine,console,commands,plain,reports}/**/*.test.{ts,tsx}',
        ],
        {
          testTimeout: 60_000,
          exclude: [...sandboxed, ...killed],
          maxWorkers: '100%',
          isolate: false,
          // Without a size in the environment Ink starts a program for it at each frame where no terminal is.
          env: { ...inMemory, COLUMNS: '100', LINES: '24' },
        },
      ),
      project('sandbox', sandboxed, { testTimeout: 60_000, maxWorkers: '100%', env: inMemory }),
      project('kills', killed, { testTimeout: 60_000, env: inMemory }),
      // A console waits about as long as it works.
      project('terminal', ['test/terminal/{console,comforts}.test.ts'], {
        testTimeout: 60_000,
        maxWorkers: 2,
      }),
      // By itself: it measures how soon a key is answered.
      project('flood', ['test/terminal/flood.test.ts'], { testTimeout: 60_000 }),
      // What is handed out: the tarball and the single-file executable.
      project('package', ['test/package/**/*.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 240_000,
        fileParallelism: false,
        // A demo waits about as long as it works.
        maxConcurrency: 3,
      }),
      // The embedded cluster, by the compiled console: each scenario in plain lines and by keys.
      project('demo', ['test/embedded/**/*.test.ts'], { ...embedded, exclude: [withoutGnu] }),
      project('posix', [withoutGnu], embedded),
      project('lab', ['test/lab/upgrade.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
        bail: 1,
      }),
      // `npm run test:check`, on the same lab.
      project('check', ['test/lab/check.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // On the same lab.
      project('rollback', ['test/lab/rollback.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Configurations that people have, many in one cluster; on the same lab.
      project('configurations', ['test/lab/configurations-*.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // What must not be harmed, lost or let in; on the same lab.
      project('safety', ['test/lab/safety-among-others.test.ts', 'test/lab/safety-proofs.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Not in CI: hosts that are off, `npm run test:absent`; its tests build on each other.
      project('absent', ['test/lab/safety-absent.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
        bail: 1,
      }),
      // Secondaries without a copy; on the same lab.
      project('hard-link', ['test/lab/hard-link.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // 17 to 18: `npm run test:pairs`, on a lab built with OLD=17 NEW=18.
      project('pairs', ['test/lab/pairs.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // What people have on their hosts, there and back: `npm run test:hosts`.
      project('hosts', ['test/lab/hosts.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // A formation of Citus: `npm run test:groups`, on a lab built with Citus.
      project('groups', ['test/lab/groups.test.ts'], {
        testTimeout: 3_000_000,
        hookTimeout: 600_000,
        fileParallelism: false,
        bail: 1,
      }),
      // Tablespaces, aside and home; on the same lab.
      project('tablespaces', ['test/lab/tablespaces.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // A console killed at every step, lost lines, full disks, second operators; on the same lab.
      project('durability', ['test/lab/durability.test.ts', 'test/lab/killed.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // `upgrade.method: online`, the shortest journey; on the same lab.
      project('online', ['test/lab/online.test.ts'], {
        testTimeout: 1_200_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // The same journey on the lab and in the demo.
      project('parity', ['test/lab/parity.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Not in CI: every run of up to four skips, in every layout.
      project('search', ['test/search/**/*.test.ts'], { testTimeout: 3_600_000 }),
      // Not in CI: `npm run test:sweep`, an hour.
      project('sweep', ['test/lab/sweep.test.ts'], { hookTimeout: 600_000, fileParallelism: false }),
      // Not in CI: `npm run test:online-sweep`, hours.
      project('online-sweep', ['test/lab/online-sweep.test.ts'], {
        hookTimeout: 600_000,
        fileParallelism: false,
        bail: 1,
      }),
    ],
  },
});

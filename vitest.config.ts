import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], rest: object = {}) => ({
  test: { name, include, environment: 'node' as const, ...rest },
});

export default defineConfig({
  test: {
    projects: [
      // The default of 5 s is too short for a test that starts shells on a machine that is busy with a lab.
      project(
        'unit',
        [
          'test/{architecture,cluster,demo,runbook,remote,monitor,engine,store,ui,commands,plain,paper}/**/*.test.{ts,tsx}',
        ],
        { testTimeout: 60_000 },
      ),
      project('terminal', ['test/terminal/**/*.test.ts'], { testTimeout: 60_000, fileParallelism: false }),
      // What is handed out: the tarball and the single-file executable.
      project('package', ['test/package/**/*.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
      // The embedded cluster, by the compiled console: each scenario in plain lines and by keys.
      project('demo', ['test/embedded/**/*.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 120_000,
        fileParallelism: false,
      }),
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
      // Harm nothing that is not ours; on the same lab.
      project('safety', ['test/lab/safety*.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Secondaries without a copy; on the same lab.
      project('hard-link', ['test/lab/hard-link.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Tablespaces, aside and home; on the same lab.
      project('tablespaces', ['test/lab/tablespaces.test.ts'], {
        testTimeout: 400_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // A console killed at every step, lost lines, full disks, second operators; on the same lab.
      project('durability', ['test/lab/durability.test.ts', 'test/lab/killed.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // The same journey on the lab and in the demo.
      project('parity', ['test/lab/parity.test.ts'], {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        fileParallelism: false,
      }),
      // Not in CI: `npm run test:sweep`, an hour.
      project('sweep', ['test/lab/sweep.test.ts'], { hookTimeout: 600_000, fileParallelism: false }),
    ],
  },
});

import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], rest: object = {}) => ({
  test: { name, include, environment: 'node' as const, ...rest },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', [
        'test/{architecture,cluster,runbook,remote,monitor,engine,store,ui,commands}/**/*.test.{ts,tsx}',
      ]),
      project('terminal', ['test/terminal/**/*.test.ts'], { testTimeout: 60_000, fileParallelism: false }),
      project('lab', ['test/lab/**/*.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 600_000,
        fileParallelism: false,
        bail: 1,
      }),
    ],
  },
});

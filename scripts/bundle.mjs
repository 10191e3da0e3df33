// What every build of the console has in common: all packages in the bundle, so that it starts with few files to open
// and installs where no registry is reached.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));

export { version };

/** ink asks for React's developer tools only with DEV=true; they are not part of it. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, () => ({ path: 'none', namespace: 'none' }));
    build.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'export default {}' }));
  },
};

/**
 * Node's options for the console. Output and frames leave much garbage behind, which node's own limits let lie: 240 MB. With
 * little room for young objects, and old ones looked at before there are twice as many, it is 198 MB after ten million lines at
 * the same speed. A growth of 50 percent costs a fifth of the speed, one of 150 another 40 MB. Half the room for young objects
 * saves 5 MB; then every frame is looked through four times, and the clock of the downtime costs an eighth more.
 */
export const nodeOptions = ['--max-semi-space-size=4', '--heap-growing-percent=80'];

/** esbuild options for the console. */
export const bundleOptions = {
  entryPoints: { cli: 'source/cli.ts' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Compiled add-ons of ssh2 and pg: each is tried for and done without.
  external: ['cpu-features', '*.node', 'pg-native'],
  jsx: 'automatic',
  legalComments: 'none',
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
    __dirname: 'import.meta.dirname',
    __filename: 'import.meta.filename',
    PGAF_UPGRADE_VERSION: JSON.stringify(version),
  },
  // What packages in CommonJS ask node for.
  banner: {
    js: [
      `#!/usr/bin/env -S node ${nodeOptions.join(' ')}`,
      "import { createRequire as pgafCreateRequire } from 'node:module';",
      'const require = pgafCreateRequire(import.meta.url);',
    ].join('\n'),
  },
  inject: [fileURLToPath(new URL('node20.mjs', import.meta.url))],
  plugins: [withoutDevtools],
  metafile: true,
  logLevel: 'warning',
};

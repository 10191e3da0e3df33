// Makes docs/console.svg from a real run: goes through it by keys until pg_upgrade is at work, and draws what the terminal shows.
//   npm run picture                     the demo
//   npm run picture -- CLUSTER.yaml     a cluster of your own (the lab's, say), upgraded as far as that
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openConsole } from '../../test/lab/harness/console.ts';
import { leave, walk } from '../../test/lab/harness/walk.ts';
import { svgOf } from './svg.ts';

const [file] = process.argv.slice(2);
const size = { cols: 120, rows: 36 };
const console_ = openConsole({ args: file === undefined ? ['demo'] : ['run', file], ...size });
try {
  if (file === undefined) {
    await console_.waitFor(/Press Enter to begin/, { timeoutMs: 60_000 });
    await console_.press('enter');
  }
  const end = await walk(console_, {
    // The card that names pg_upgrade among the steps that Enter starts together.
    until: (screen) => /\d+ node_\S+: pg_upgrade --(link|clone|copy)/.test(screen),
  });
  if (end !== 'stopped-before') throw new Error(`pg_upgrade was not offered: ${end}\n${console_.screen()}`);
  const working = /Performing Upgrade[\s\S]*stages/;
  for (;;) {
    await console_.press('enter');
    const shown = await console_.waitFor(working, { timeoutMs: 2_000 }).catch(() => null);
    if (shown !== null) break;
  }
  const out = fileURLToPath(new URL('../../docs/console.svg', import.meta.url));
  writeFileSync(out, svgOf(console_.cells(), size.cols, 'pgaf-upgrade: PostgreSQL 15 becomes 17'));
  process.stdout.write(`docs/console.svg, from this screen:\n${console_.screen()}\n`);
  await leave(console_);
} finally {
  await console_.kill();
}

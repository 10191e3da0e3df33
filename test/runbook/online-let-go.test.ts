import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { script } from '../../source/runbook/shell/shell.ts';
import { letGoFile } from '../../source/runbook/steps/online/changing-places.ts';
import { there } from '../../source/runbook/steps/online/cut-over.ts';
import { labCluster } from './clusters.ts';
import { OnlineModel } from './online-model.ts';
import { Sandbox } from './sandbox.ts';

/** Whom the stop of a change of places does not wait for, by a real shell; the servers only pretend. */
let host: Sandbox;
beforeEach(() => {
  host = new Sandbox(labCluster({ method: 'online' }));
  host.cluster(host.node.data, 15, { 'postgresql.conf': 'port = 5432\n' });
});
afterEach(() => host.remove());

/** A server whose archiver is busy: it ends with it, as one does that is shut down but for that. */
const stopping = (state: string, command: string): string => {
  const { data } = host.node;
  host.write(join(data, 'global/pg_control'), host.control(15, state));
  host.write(join(data, 'pg_wal/archive_status/000000010000000000000007.ready'), '');
  host.write(
    join(host.root, 'server'),
    `echo $$ >"$1/postmaster.pid"; setsid bash -c 'exec -a "postgres: archiver archiving 000000010000000000000007" bash -c "$2"' - - "$2" & wait; rm -f "$1/postmaster.pid"`,
  );
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return `bash ${quoted(join(host.root, 'server'))} ${quoted(data)} ${quoted(command)} & until [ -s ${quoted(join(data, 'postmaster.pid'))} ] && grep -qs '^postgres: archiver' /proc/[0-9]*/cmdline; do sleep 0.01; done`;
};
const letGo = (): string => {
  const model = new OnlineModel(host.facts);
  for (const step of ['upgrade-copy', 'start-follower']) model.run(step);
  const way = there(host.facts, model.world());
  if (way === null) throw new Error('the new version has an identifier');
  return script(letGoFile(way, 0)).text;
};

test.each([
  ['hangs', 'sleep 20; :'],
  ['hangs, and takes no signal to end', 'trap "" TERM; sleep 20; :'],
])(
  'an archive_command that %s does not hold up a stop, and what it has not archived is told',
  (_, command) => {
    const begun = Date.now();
    const ran = host.sh(`${stopping('shut down', command)}\n${letGo()}\nwait`);
    expect(ran.output).toContain(
      'the archiver has not ended, and is not waited for; files of WAL that are not archived: 1',
    );
    expect(ran.output.match(/is not waited for/g)).toHaveLength(1);
    expect(Date.now() - begun).toBeLessThan(10_000);
  },
);

test('an archiver of a server that is not shut down yet is let alone: its end would be a crash', () => {
  const ran = host.sh(`${stopping('in production', 'sleep 0.3; echo archived')}\n${letGo()}\nwait`);
  expect(ran.output).toBe('archived\n');
});

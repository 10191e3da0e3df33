import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lines, quoted, sh } from '../../source/cluster/fragment.ts';
import { timersFunction } from '../../source/runbook/shell/crontabs.ts';
import { script } from '../../source/runbook/shell/shell.ts';
import { Sandbox } from './sandbox.ts';

let host: Sandbox;
beforeEach(() => {
  host = new Sandbox();
});
afterEach(() => host.remove());

test('a timer’s program is told with the name of its own service, although systemd gives the name behind it', () => {
  // As systemd 257 printed it on the lab.
  host.program(
    join(host.root, 'bin/systemctl'),
    `case $1 in
list-timers) printf '%s\\n' 'Fri 2026-11-27 10:58:03 UTC 470ms Fri 2026-11-27 10:58:02 UTC 567ms ago watch.timer watch.service' '- - - - dump.timer dump.service' '- - - - fstrim.timer -' ;;
show) printf '%s\\n' 'ExecStart={ path=/usr/bin/systemctl ; argv[]=/usr/bin/systemctl start pgaf ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; status=0/0 }' Id=watch.service '' \\
  'ExecStart={ path=/usr/bin/pg_dump ; argv[]=/usr/bin/pg_dump app ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; status=0/0 }' 'ExecStart={ path=/bin/sync ; argv[]=/bin/sync ; ignore_errors=no ; pid=0 }' Id=dump.service ;;
esac`,
  );
  const ran = host.sh(
    script(lines(sh`PATH=${quoted(join(host.root, 'bin'))}:$PATH`, timersFunction, sh`timers`)).text,
  );
  expect(ran.output.trim().split('\n')).toEqual([
    'timer: watch.timer',
    'timer: dump.timer',
    'timer: fstrim.timer',
    'timer for watch.service: /usr/bin/systemctl start pgaf',
    'timer for dump.service: /usr/bin/pg_dump app',
    'timer for dump.service: /bin/sync',
  ]);
});

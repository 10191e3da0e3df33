import { appendFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { withCleanup } from './harness/cleanup.ts';
import { drive } from './harness/drive.ts';
import { openLab, quote } from './harness/lab.ts';
import { fillWorkDirectory, giveWorkDirectoryRoom } from './harness/small-disk.ts';
import { expectUpgraded, recordTruth } from './harness/truth.ts';
import { createConsoleHome } from './harness/walk.ts';
import { background, passedOver, startsIt } from './harness/watchdog.ts';

const opened = withCleanup();

/**
 * One window in copy mode, on one cluster: the disk for our own files is full at pg_upgrade; somebody's loop starts the unit all
 * through the downtime; the primary is rebooted
 * between pg_upgrade and the swap; somebody starts 15 by hand there, and an application writes; the primary is rebooted once more
 * while secondaries are rebuilt.
 */
it('nobody starts the old server behind the console’s back, what it wrote all the same is not lost, and a reboot in H brings 17 back', async () => {
  const lab = await openLab({ snapshot: 'small' });
  opened.home = await createConsoleHome(lab);
  const [file = ''] = opened.home.args;
  await appendFile(file, 'upgrade: { mode: copy }\n');
  const before = await recordTruth(lab);
  const { pgdata, unit, oldBin } = lab.settings;
  const data = quote(pgdata);

  // Where each step's marks and fingerprints go there is no room: the step ends before pg_upgrade begins.
  const full = await drive(opened.home, {
    until: () => false,
    onStep: async (step) => {
      if (step.id === 'D.node_1.pg-upgrade') await fillWorkDirectory(lab, 'node1');
      if (step.id !== 'C.node_1.stop') return;
      // From the stop on: a watchdog that starts the unit, and a shell that stands in the old directory once pg_upgrade is at work.
      await startsIt(lab, 'node1');
      await background(
        lab,
        'node1',
        'stander',
        `until pgrep -x pg_upgrade; do sleep 0.05; done; exec runuser -u postgres -- sh -c 'cd "$1" && exec sleep 600' sh ${data}`,
      );
    },
  });
  expect(full.end).toBe('failed');
  expect(JSON.stringify(full.view.stage)).toMatch(/D\.node_1\.pg-upgrade.*(I\/O error|No space left)/);
  expect(full.verdict.kind).toBe('safe');
  await giveWorkDirectoryRoom(lab, 'node1');
  expect(
    await lab.pg(
      'node1',
      `cat ${data}/PG_VERSION ${data}_pg17_new/PG_VERSION; cd ~/pgaf-upgrade${pgdata}/@work; ls stopped fingerprint fingerprint-old 2>/dev/null; ls ${data}/global/pg_control`,
    ),
  ).toBe(`15\n17\n${pgdata}/global/pg_control\n`);

  const first = await drive(opened.home, { until: () => false });
  // The swap refused, because somebody stands in the directory that it would rename; and names him.
  expect(first.end).toBe('failed');
  expect(JSON.stringify(first.view.stage)).toMatch(/process \d+ \(sleep\) has [^ ]* open: end it first/);
  expect(await passedOver(lab, 'node1')).toBeGreaterThan(0);
  // The host is restarted: nothing starts by itself, and nobody who starts the unit starts the old server.
  await lab.reboot('node1');
  expect(
    await lab.root(
      'node1',
      `systemctl is-enabled ${unit}; systemctl start ${unit}; systemctl is-active ${unit}; journalctl -q -b -u ${unit} | grep -c 'unmet condition'; true`,
    ),
  ).toMatch(/^disabled\ninactive\n[1-9]\d*\n$/);

  // Somebody starts 15 all the same, past systemd, and an application writes.
  await lab.pg(
    'node1',
    `${oldBin}/pg_ctl --pgdata=${data} --wait --log=/tmp/by-hand.log start >/dev/null
     psql -X -q -d app -c 'create table in_between as select 42 as kept'
     ${oldBin}/pg_ctl --pgdata=${data} --wait --mode=fast stop >/dev/null`,
  );
  const said: string[] = [];
  const second = await drive(opened.home, {
    onStep: async (step) => {
      if (step.id === 'D.node_1.pg-upgrade') said.push(JSON.stringify(step));
      if (step.id !== 'H.node_2.pg-ctl') return;
      await lab.reboot('node1');
      // By itself: nobody has confirmed anything.
      await expect
        .poll(() => lab.psql('node1', 'app', 'select pg_is_in_recovery()').catch(() => ''), {
          timeout: 60_000,
        })
        .toBe('f\n');
    },
  });
  expect(second.ran).toContain('D.node_1.pg-upgrade');
  expect(second.end).toBe('finished');
  expect(await lab.psql('node1', 'app', 'select kept from in_between; drop table in_between')).toBe('42\n');
  expectUpgraded(before, await recordTruth(lab));
  expect(await lab.root('node1', 'ls -d /etc/systemd/system/*.d/pgaf* 2>/dev/null; true')).toBe('');
});

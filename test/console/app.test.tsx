import { afterEach, describe, expect, test, vi } from 'vitest';
import { present } from '../../source/cluster/present.ts';
import { problem } from '../../source/cluster/result.ts';
import { at, doneBefore, numberIn } from './fake-cluster.ts';
import { sampleFailure } from './fake-engine.ts';
import { keys, openScreen } from './screen.tsx';

// Every key draws a whole screen; the machine that runs this may be busy with a cluster.
vi.setConfig({ testTimeout: 30_000 });

const done = doneBefore(at.pgUpgrade);

const wide = `${'数据库升级'.repeat(40)}\ne\u0301e\u0301 ${'👩‍🚀'.repeat(60)}\n\ttab\nunfinished`;

let close: (() => void) | null = null;
const open = async (...given: Parameters<typeof openScreen>) => {
  const screen = await openScreen(...given);
  close = screen.close;
  return screen;
};
afterEach(() => {
  close?.();
  close = null;
});

describe('the three panes', () => {
  test('show cluster, rollback, nodes, steps and the card of the next step', async () => {
    const { frame, lines } = await open({ done: 3 });
    expect(lines()).toHaveLength(30);
    expect(frame()).toContain('15.20 → 17.12 (link)');
    expect(frame()).toContain('Rollback: nothing to undo');
    expect(frame()).toMatch(/◆ node_1 primary .* 1:0\/5A000060 .* ✓ good/);
    expect(frame()).toContain('16 kB');
    expect(frame()).toContain('[all 3/66] monitor 1/20  node_1 1/22  node_2 1/12  node_3 0/12');
    expect(frame()).toMatch(/▶ +4 node_3/);
    expect(frame()).toContain('Enter runs this script on node_3 as postgres.');
  });

  test.each([
    { columns: 80, rows: 24 },
    { columns: 100, rows: 30 },
    { columns: 100, rows: 60 },
  ])('fit into $columns x $rows, with wide and combining characters in the output', async (size) => {
    const screen = await open({ done }, size);
    await screen.press(keys.enter);
    screen.engine.print(at.pgUpgrade, wide);
    for (const _folded of [false, true]) {
      await screen.press('W');
      expect(screen.lines()).toHaveLength(size.rows);
      expect(screen.widest()).toBeLessThanOrEqual(size.columns);
      expect(screen.frame()).toContain('unfinished');
    }
  });

  test('say that the monitor is down as planned, and why the source is not LISTEN', async () => {
    const { engine, press, frame } = await open({ done });
    expect(frame()).toMatch(/stopped as planned until step \d+/);
    const { monitor } = engine.view;
    const status = { kind: 'live', source: 'psql', because: 'pg_hba.conf refuses autoctl_node' } as const;
    engine.set({
      monitor: {
        ...monitor,
        plannedDown: null,
        feed: { ...monitor.feed, status, readAt: present() - 42_000 },
      },
    });
    expect(await press()).toContain('psql (pg_hba.conf refuses autoctl_node) STALE 42 s');
  });

  test('are not made anew for rows that were only read again; those that come no more get stale, and that goes again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    try {
      let time = 1_000_000;
      const opening = open({ done: 3, now: () => time });
      await vi.advanceTimersByTimeAsync(100);
      const { engine, frame } = await opening;
      const made = vi.spyOn(engine, 'output');
      const pass = async (seconds: number, read: boolean) => {
        for (let second = 0; second < seconds; second += 1) {
          time += 1000;
          if (read) engine.beat();
          await vi.advanceTimersByTimeAsync(1000);
        }
      };
      await pass(60, true);
      expect(made).not.toHaveBeenCalled();
      await pass(8, false);
      expect(frame()).toMatch(/STALE [78] s/);
      await pass(2, true);
      expect(frame()).not.toContain('STALE');
      made.mockClear();
      await pass(60, true);
      expect(made).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  test('are not made anew for the clock of the downtime, which ticks in the header', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    try {
      let time = 1_000_000;
      const opening = open({ done: doneBefore(at.open), now: () => time });
      await vi.advanceTimersByTimeAsync(100);
      const { engine, frame } = await opening;
      expect(engine.view.monitor.plannedDown).toBeNull();
      const made = vi.spyOn(engine, 'output');
      const clock = () => /WRITES DOWN (\d\d:\d\d)/.exec(frame())?.[1];
      const before = clock();
      for (let second = 0; second < 10; second += 1) {
        time += 1000;
        engine.beat();
        await vi.advanceTimersByTimeAsync(1000);
      }
      expect(before).toMatch(/\d/);
      expect(clock()).not.toBe(before);
      expect(made).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });

  test.each([{ number: 31, title: 'Start monitor on 17' }, null])(
    'of a monitor that this console never heard say whether it is silent as planned',
    async (plannedDown) => {
      const { engine, press } = await open({ done });
      const lost = {
        kind: 'lost',
        problem: problem('The monitor’s database does not answer.', 'Is it running?'),
      } as const;
      const feed = { status: lost, state: null, readAt: null };
      const { steps, monitor } = engine.view;
      const { before } = monitor;
      engine.set({ monitor: { feed, plannedDown: null, before }, steps: [] });
      expect(await press()).toContain('Nothing read from the monitor yet.');
      engine.set({ monitor: { feed, plannedDown, before }, steps });
      const shown = await press();
      if (plannedDown === null) expect(shown).toMatch(/ LOST [\s\S]*Is it running/);
      else {
        expect(shown).toContain('stopped as planned: step 31, “Start monitor on 17”, starts it again');
        expect(shown).not.toMatch(/LOST|Is it running/);
      }
    },
  );

  test('leave a line of its own to what a demo makes happen, until the next step waits', async () => {
    let happens: (text: string) => void = () => undefined;
    const onStaged = (listener: (text: string) => void) => {
      happens = listener;
      return () => undefined;
    };
    const screen = await open({ done }, { columns: 80, rows: 24, onStaged });
    screen.engine.set({ banner: 'DEMO' });
    await screen.press(keys.enter);
    happens('the line to node_1 is cut for 4 s; pg_upgrade goes on');
    await screen.press();
    expect(screen.lines()[2]).toBe(' DEMO: the line to node_1 is cut for 4 s; pg_upgrade goes on');
    expect(screen.lines()).toHaveLength(24);
    expect(screen.lines().at(-1)).toContain('? help');
    screen.engine.finishStep();
    expect(await screen.press()).not.toContain('is cut');
  });

  test('mark a node that was told something else, and a line that is gone', async () => {
    const { engine, frame, press } = await open();
    const { state, ...feed } = engine.view.monitor.feed;
    if (state === null) throw new Error('the pretended monitor has a state');
    const nodes = state.nodes.map((node, at) =>
      at === 1 ? { ...node, assigned: 'wait_maintenance' as const, health: 0 } : node,
    );
    const hosts = engine.view.hosts.map((host, at) =>
      at === 2 ? { ...host, line: 'reconnecting' as const, lastByteAt: present() - 12_000 } : host,
    );
    engine.set({ hosts, monitor: { ...engine.view.monitor, feed: { ...feed, state: { ...state, nodes } } } });
    await press();
    expect(frame()).toMatch(/node_2 secondary → wait_maintenance .* ✗ bad/);
    expect(frame()).toContain('node_2 0/12 reconnecting 12 s');
  });
});

describe('keys', () => {
  test('move the focus, filter by host, zoom and turn the step over', async () => {
    const { press, frame } = await open({ done: 10 });
    await press('2', keys.right);
    expect(frame()).toContain('[monitor 2/20]');
    expect(await press('z')).not.toContain('1 Monitor');
    expect(frame()).toContain('A Prepare: application online');
    await press('z', '3');
    expect(await press('o')).toContain('3 Output');
    expect(await press('o')).toContain('3 Step');
  });

  test('that work now are in the footer; those that do not say why', async () => {
    const { press, lines } = await open();
    expect(lines().at(-1)).toMatch(
      /Enter run step 1 on monitor {2}G run to step \d+ {2}s skip .* \? help {2}q leave/,
    );
    expect(await press('a')).toContain('Nothing has failed');
    expect(await press('x')).toContain('Nothing is running');
    expect(await press('t')).toContain('Clients can be terminated only before the step');
    expect(await press('d')).toContain('d does nothing here');
    expect(await press('/')).toContain('Find:');
  });

  test('the current step stays visible wherever one looks', async () => {
    const { press, frame } = await open({ done: doneBefore(at.swap) }, { columns: 80, rows: 24 });
    await press('2', 'g');
    expect(frame()).toMatch(new RegExp(`↓▶ ${numberIn(at.swap)} node_1 Swap`));
    await press('c');
    expect(frame()).toMatch(new RegExp(`▸▶ ${numberIn(at.swap)} node_1`));
  });

  test('help lists every key and scrolls', async () => {
    const { press } = await open({}, { columns: 80, rows: 24 });
    expect(await press('?')).toContain('Run the step whose card is shown');
    // A page is what is visible, less the line that one has read last.
    const [first = '', second = ''] = [await press(), await press(keys.pageDown)];
    const seam = second.split('\n')[3] ?? '';
    expect(first.split('\n').indexOf(seam)).toBeGreaterThan(18);
    expect(second).not.toBe(first);
    expect(await press('F')).toContain('Broadcom KB 440339');
    // However often it is pressed at the end, one page up is one page up.
    await press(keys.pageDown, keys.pageDown, keys.pageDown);
    const above = await press(keys.pageUp);
    expect(above).toContain('↓ 18 below');
    expect(above).toContain('Leave (asks');
    expect(await press(keys.esc)).toContain('3 Step');
  });
});

describe('confirming', () => {
  test('one Enter on the card runs the step and shows its output as it comes', async () => {
    const { engine, press } = await open({ done });
    await press(keys.enter);
    engine.print(at.pgUpgrade, 'Checking cluster versions   ok\nRestoring database schemas ');
    const shown = await press();
    expect(shown).toContain('running');
    expect(shown).toContain('Checking cluster versions   ok');
    expect(shown).toContain('Restoring database schemas');
    engine.finishStep();
    expect(await press()).toContain('Enter runs this script on node_1');
  });

  test('several Enters in one chunk, and a paste, confirm nothing', async () => {
    const { engine, press } = await open();
    expect(await press('\r\r')).toContain('several keys at once');
    expect(await press('\u001B[200~\ry\r\u001B[201~')).toContain('A paste is not taken');
    await press('\n', '\u001B\r');
    expect(engine.asked).toEqual([]);
  });

  test('the point of no return wants the name typed, not pasted', async () => {
    const { engine, press } = await open({ done: doneBefore(at.firstStart) });
    expect(await press(keys.enter)).toContain('╔═');
    await press(keys.enter, keys.enter, 'y', keys.enter);
    expect(engine.asked).toEqual([]);
    expect(await press('\u0015', '\u001B[200~node_1\u001B[201~')).toContain('Pasting is not taken here');
    await press(keys.enter);
    expect(engine.asked).toEqual([]);
    expect(await press(...'node_1')).toContain('Host: node_1');
    await press(keys.enter);
    expect(engine.asked).toEqual([`confirm ${at.firstStart} node_1`]);
  });

  test('a paste by a terminal that does not bracket it types no name either; keys that a slow line brings together do', async () => {
    const { engine, press } = await open({ done: doneBefore(at.firstStart) });
    await press(keys.enter);
    const refused = 'Pasting is not taken here';
    expect(await press('node_1')).toContain(refused);
    expect(await press('node_1\r')).toContain(refused);
    expect(await press('n', 'ode_1\r')).toContain(refused);
    expect(await press('xy')).toContain(refused);
    await press('\u0015', keys.enter);
    expect(engine.asked).toEqual([]);
    expect(await press('n', 'od', 'e_1')).toContain('Host: node_1');
    await press(keys.enter);
    expect(engine.asked).toEqual([`confirm ${at.firstStart} node_1`]);
  });

  test('a failure shows everything needed to choose, and its choices', async () => {
    const { engine, press } = await open({ done }, { columns: 100, rows: 60 });
    await press(keys.enter);
    engine.finishStep(sampleFailure('node_1'));
    const shown = await press();
    for (const part of [
      'a library is missing',
      'Install postgresql-17-postgis-3',
      'code 1',
      'not done: the old directory',
      'only postgres, template0',
      'libraries that are missing',
      'In       /var/lib/pgsql/data_pg17_new/pg_upgrade_output.d',
      'No such file or directory',
      'a retry',
    ]) {
      expect(shown).toContain(part);
    }
    expect(await press('e')).toContain('A step has failed: a runs it again, alone.');
    await press('a', keys.esc);
    expect(engine.asked).toHaveLength(1);
    await press('a', keys.enter);
    expect(engine.asked.at(-1)).toBe(`retry ${at.pgUpgrade}`);
  });
});

describe('the rollback', () => {
  test('is shown step by step before it is taken, and taking it runs nothing', async () => {
    const { engine, press, frame } = await open({ done: doneBefore(at.firstStart) });
    const shown = await press('r', keys.up);
    expect(shown).toContain(' Rollback ');
    expect(shown).toContain('safe, no data loss: PostgreSQL 17 has never been started');
    expect(shown).toContain('of running time, 25 steps (16 more have nothing to do); no data is copied');
    expect(shown).toMatch(/ 1 monitor {6}\S/);
    await press(keys.esc);
    expect(engine.asked).toEqual(['preview']);
    await press('r', keys.up, keys.enter);
    expect(engine.asked).toEqual(['preview', 'preview', 'turn rollback']);
    expect(frame()).toContain('ROLLING BACK');
    const fromHere = await press('r', keys.up);
    expect(fromHere).toContain(' Rollback, from here');
    expect(fromHere).toContain("Enter shows the upgrade's steps again");
    await press(keys.enter);
    expect(engine.asked.at(-1)).toBe('turn upgrade');
  });

  test('its key line offers no Enter where there is nothing to roll back', async () => {
    const { engine, press, frame } = await open({ done: doneBefore(at.firstStart) });
    engine.previewAdds = { steps: [] };
    const keyLine = () => frame().trimEnd().split('\n').at(-1);
    await press('r', keys.up);
    expect(frame()).toContain('There is nothing to roll back.');
    expect(keyLine()).toBe('Up Down PgUp PgDn scroll   Esc close');
    await press(keys.enter);
    expect(engine.asked).toEqual(['preview']);
  });

  test('its key line says which steps Enter shows', async () => {
    const { press, frame } = await open({ done: doneBefore(at.firstStart) });
    const keyLine = () => frame().trimEnd().split('\n').at(-1);
    await press('r', keys.up);
    expect(keyLine()).toBe('Enter show these steps   Up Down PgUp PgDn scroll   Esc cancel');
    await press(keys.enter);
    await press('r', keys.up);
    expect(keyLine()).toBe('Enter show the upgrade again   Up Down PgUp PgDn scroll   Esc cancel');
  });

  test('says what a base backup costs, and where the journal says otherwise than the disks', async () => {
    const { engine, press } = await open({ done: doneBefore(at.firstStart) });
    engine.previewAdds = {
      journalSays:
        'The journal of 2026-11-23 02:10 UTC said “safe”; the disks now say “only from a backup”. The disks count.',
      copies: [
        { host: 'node_1', bytes: 350 * 1024 * 1024, seconds: 4 },
        { host: 'node_3', bytes: null, seconds: null },
      ],
    };
    const shown = (await press('r', keys.up)).replaceAll(/\s+/g, ' ');
    expect(shown).toContain('node_1 takes a base backup of 350 MB, 4.0 s at its maximum_backup_rate');
    expect(shown).toContain('node_3 takes a base backup of unknown size, which is not in it');
    expect(shown).toContain('The disks count.');
  });

  test('is the first thing on the screen where the console was started for it', async () => {
    const { engine, press, frame } = await open(
      { done: doneBefore(at.firstStart) },
      { opensWithRollback: true },
    );
    engine.set({ direction: 'rollback' });
    await press(keys.up);
    expect(frame()).toContain(' Rollback, from here ');
    expect(frame()).toContain('Enter shows the first step; each is confirmed on its own.');
    expect(frame()).toContain('Enter show the first step   Up Down PgUp PgDn scroll   Esc close');
    await press(keys.enter);
    expect(frame()).not.toContain('Enter shows the first step');
    expect(engine.asked).toEqual(['preview']);
  });

  test('from the clean-up leads back, not to the upgrade', async () => {
    const { engine, press } = await open({ done: doneBefore(at.firstStart) });
    engine.set({ direction: 'cleanup' });
    await press('r', keys.up, keys.enter);
    expect(engine.asked.at(-1)).toBe('turn rollback');
  });
});

describe('questions and leaving', () => {
  const question = {
    kind: 'unknown-host-key',
    alias: 'node_2',
    host: '10.0.0.12',
    keyType: 'ssh-ed25519',
    fingerprint: 'SHA256:Nq7',
  } as const;

  test('an unknown key is shown whole; Enter does not trust it', async () => {
    const first = await open({ questions: [question] });
    expect(first.frame()).toContain('ssh-ed25519 SHA256:Nq7');
    await first.press(keys.enter);
    expect(first.engine.asked).toEqual(['answer no']);
    expect(first.frame()).toContain('Cannot start. Nothing was changed');
    first.close();
    const second = await open({ questions: [question] });
    await second.press('x', 'y');
    expect(second.engine.asked).toEqual(['answer yes']);
  });

  test('a passphrase is never on the screen', async () => {
    const { engine, press, frame } = await open({
      questions: [{ kind: 'passphrase', alias: 'node_1', identityFile: '/k' }],
    });
    await press(...'hunter2');
    expect(frame()).toContain('Passphrase: *******');
    expect(frame()).not.toContain('hunter2');
    await press(keys.enter);
    expect(engine.asked).toEqual(['answer secret hunter2']);
  });

  test('what a host asks at login is shown, an answer that may not be seen is not', async () => {
    const asks = { kind: 'prompt', alias: 'node_1', host: '10.0.0.11', says: 'Welcome.' } as const;
    const first = await open({ questions: [{ ...asks, prompt: 'Verification code:', echo: false }] });
    await first.press(...'123456');
    expect(first.frame()).toContain('node_1 (10.0.0.11) asks before it lets the console in.');
    expect(first.frame()).toContain('Verification code:');
    expect(first.frame()).toContain('Answer: ******');
    expect(first.frame()).not.toContain('123456');
    await first.press(keys.enter);
    expect(first.engine.asked).toEqual(['answer secret 123456']);
    first.close();
    const second = await open({ questions: [{ ...asks, prompt: 'Press Enter', echo: true }] });
    await second.press(keys.enter);
    expect(second.engine.asked).toEqual(['answer secret ']);
  });

  test('leaving asks, and says that the running step goes on', async () => {
    const { press, left } = await open({ done });
    await press(keys.enter);
    expect(await press('q')).toContain('keeps running on node_1 without this console');
    await press('n');
    expect(left()).toBe(false);
    await press(keys.ctrlC, 'y');
    expect(left()).toBe(true);
  });
});

describe('a window that is too small', () => {
  test('says that writes are down, and for how long', async () => {
    const at = 1_000_000;
    const { engine, press, frame } = await open({ now: () => at }, { columns: 60, rows: 20 });
    expect(frame()).not.toContain('WRITES DOWN');
    engine.set({ downtime: { kind: 'down', since: at - 72_000 } });
    expect(await press()).toContain('WRITES DOWN 01:12');
  });

  test('says so, confirms nothing, and can be left', async () => {
    const { engine, press, left } = await open({}, { columns: 79, rows: 24 });
    expect(await press(keys.enter, 's', keys.enter)).toContain('the console needs 80x24');
    expect(engine.asked).toEqual([]);
    expect(await press('q')).toContain('Nothing is undone');
    await press('y');
    expect(left()).toBe(true);
  });
});

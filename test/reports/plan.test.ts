import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { hostsOf } from '../../source/cluster/facts.ts';
import { planBrief } from '../../source/reports/plan/brief.ts';
import { planMarkdown } from '../../source/reports/plan/markdown.ts';
import { rollbackAfter } from '../../source/reports/plan/rollback.ts';
import { type Plan, type PlannedStep, planSchema } from '../../source/reports/plan/shape.ts';
import { planShell } from '../../source/reports/plan/shell.ts';
import { parallelWords, waitsWords } from '../../source/reports/plan/words.ts';
import { failedSteps } from '../../source/runbook/steps/custom-failed.ts';
import { upgradeRunbook } from '../../source/runbook/upgrade.ts';
import { rollbackVerdict } from '../../source/runbook/verdict/verdict.ts';
import {
  debianCluster,
  labCluster,
  linkedCluster,
  loneCluster,
  onEveryHost,
  spacedCluster,
} from '../runbook/clusters.ts';
import { modelAfter } from '../runbook/worlds.ts';
import { planAt } from './plans.ts';

const directory = mkdtempSync(join(tmpdir(), 'pgaf-plan-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const sh = (file: string, args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('sh', [file, ...args], { input, encoding: 'utf8' });
  return { status, stdout, stderr };
};
const written = (name: string, text: string): string => {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
};

test('the plan of the lab’s cluster, as it is attached to the change request', async () => {
  await expect(planMarkdown(planAt())).toMatchFileSnapshot('__snapshots__/plan.md');
});

test('the guide that the steps name is linked once, before them', () => {
  const link = 'https://knowledge.broadcom.com/external/article/440339';
  const pages = [planMarkdown(planAt()), planShell(planAt(), labCluster(), 'node_1')];
  for (const page of pages) {
    expect(page.split(link)).toHaveLength(2);
    expect(page.indexOf(link)).toBeLessThan(page.search(/guide:(\*\*)? Step/i));
  }
});

test('the primary’s script, as a DBA reads it', async () => {
  await expect(planShell(planAt(), labCluster(), 'node_1')).toMatchFileSnapshot('__snapshots__/node_1.sh');
});

test('tablespaces are named, and where the old cluster’s part of each stays', () => {
  expect(planMarkdown(planAt('running', spacedCluster()))).toMatch(
    /\| `node_3` *\| `\/srv\/wide disk` *\| `\/srv\/wide disk_aside\/pg15_bak` *\|/,
  );
  expect(planMarkdown(planAt())).not.toContain('tablespace in');
});

test('the plan as JSON is of the documented shape', () => {
  const plan = planAt();
  expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  expect(readFileSync('docs/plan.md', 'utf8')).toContain(`"version": ${plan.version}`);
});

describe('own steps at `failed`', () => {
  const facts = labCluster({
    custom: [
      { name: 'page', at: 'failed', when: 'shown', on: 'console', run: '~/bin/page "$PGAF_FAILURE"' },
      {
        ...{ name: 'resume', at: 'failed', as: 'root', run: 'echo RESUME', done: 'test -e up' },
        ...{ title: 'Resume the pooler', why: 'Nobody waits for it.', timeout: 90, expect: 4 },
      },
      { name: 'report', at: 'finished', run: 'echo report' },
    ],
    outside: [{ alias: 'console', kind: 'console' }],
  });
  const plan = planAt('running', facts);
  const [whole, brief] = [planMarkdown(plan), planBrief(plan)];

  test('have a section of their own: where, as whom, when, how long, and the script; no phase and no estimate has them', () => {
    const own = whole.slice(whole.indexOf('## If a step fails'));
    expect(own).toContain('### console · page');
    expect(own).toContain(
      '`steps.page` on `console` as `the login`, as soon as the failure is shown · about 1.0 s, ended after 10:00',
    );
    expect(own).toContain('### node_1 · Resume the pooler');
    expect(own).toContain(
      '`steps.resume` on `node_1` as `root`, when the run is left with the failure · about 4.0 s, ended after 90 s',
    );
    expect(own).toContain('Nobody waits for it.');
    expect(own).toContain('~/bin/page "$PGAF_FAILURE"');
    expect(own).not.toContain('echo report');
    const without = planAt('running', { ...facts, custom: facts.custom.filter(({ at }) => at !== 'failed') });
    expect(plan.estimates).toEqual(without.estimates);
    expect(plan.steps.filter(({ id }) => /page|resume/.test(id))).toEqual([]);
  });

  test('in brief a row each; a plan without any has no such section', () => {
    const rows = brief.slice(brief.indexOf('## If a step fails')).split('\n');
    expect(rows).toContain(
      '| page | `console` | `the login` | as soon as the failure is shown | 1.0 s | 10:00 |',
    );
    expect(brief).not.toContain('echo RESUME');
    for (const one of [planMarkdown(planAt()), planBrief(planAt())])
      expect(one).not.toContain('If a step fails');
  });

  test('as JSON: of the documented shape, each script whole but for what it is told then, and a plan of before is read', () => {
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    const [page, resume] = plan.onFailure;
    expect([page?.when, page?.timeoutSeconds, resume?.when, resume?.timeoutSeconds]).toEqual([
      'shown',
      600,
      'left',
      90,
    ]);
    const told = {
      step: 'C.node_1.stop',
      host: 'node_1',
      what: 'x',
      direction: 'upgrade',
      writes: 'up',
    } as const;
    const kept = (text: string): readonly string[] =>
      text.split('\n').filter((line) => !/^export PGAF_(DIRECTION|FAIL)|^# here the run/.test(line));
    for (const [when, one] of [
      ['shown', page],
      ['left', resume],
    ] as const) {
      expect(spawnSync('sh', ['-n'], { input: one?.script, encoding: 'utf8' }).stderr).toBe('');
      expect(kept(failedSteps(facts, when, told)[0]?.script ?? '')).toEqual(kept(one?.script ?? ''));
    }
    const { onFailure: _, ...before } = planAt();
    expect(planSchema.parse(before).onFailure).toEqual([]);
    expect(readFileSync('docs/plan.md', 'utf8')).toContain('`onFailure`');
  });
});

describe.each([
  ['link', labCluster()],
  ['link, one secondary by hard links', linkedCluster()],
  ['two tablespaces', spacedCluster()],
  ['copy', labCluster({ mode: 'copy' })],
  ['clone', debianCluster()],
  ['a primary alone, linked', loneCluster()],
  ['a primary alone, copied', { ...loneCluster(), mode: 'copy' as const }],
])('the rollback that is foretold (%s)', (_, facts) => {
  const runbook = upgradeRunbook(facts).filter((step) => !step.optional);
  const ends = [...new Set(runbook.map((step) => step.phase))].map((phase) => ({
    phase,
    last: runbook.findLast((step) => step.phase === phase)?.id ?? '',
  }));
  test.each(ends)('is the verdict that the servers give after phase $phase', ({ phase, last }) => {
    const verdict = rollbackVerdict(facts, modelAfter(facts, last).world());
    expect(rollbackAfter(facts, phase).kind).toBe(verdict.kind);
  });
});

test('irreversible steps: the first start on linked files; none in copy mode', () => {
  const points = (plan: Plan) =>
    plan.steps.filter((step) => step.danger === 'point-of-no-return').map((step) => step.id);
  expect(points(planAt())).toEqual(['E.node_1.private-start']);
  expect(points(planAt('running', labCluster({ mode: 'copy' })))).toEqual([]);
});

test('what an earlier step must find is not invented; once it is found it is written', () => {
  const script = (plan: Plan) => plan.steps.find((step) => step.id === 'F.monitor.identifier')?.script;
  expect(script(planAt())).toEqual({
    kind: 'unresolved',
    needs: 'the new system identifier, which initdb chooses',
  });
  expect(script(planAt('linked'))?.kind).toBe('ready');
  expect(planMarkdown(planAt())).toContain('Not known yet: the new system identifier');
});

test('a plan made under way says so, and which steps are done', () => {
  const plan = planAt('swapped');
  const done = plan.steps.filter((step) => step.state === 'done').length;
  expect(plan.steps.findIndex((step) => step.state !== 'done')).toBe(done);
  expect(planMarkdown(plan)).toContain(
    `**The upgrade is under way: ${done} of ${plan.steps.length} steps are done.**`,
  );
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;

describe.each([
  ['lab', labCluster()],
  ['debian', debianCluster()],
])('the scripts of %s’s hosts', (name, facts) => {
  const plan = planAt('running', facts);
  const files = hostsOf(facts).map(({ alias }) => ({
    alias,
    file: written(`${name}-${alias}.sh`, planShell(plan, facts, alias)),
  }));

  test.each(files)('$alias: POSIX shell, and shellcheck has nothing to say', ({ file }) => {
    expect(spawnSync('sh', ['-n', file], { encoding: 'utf8' }).stderr).toBe('');
    if (hasShellcheck) expect(spawnSync('shellcheck', [file], { encoding: 'utf8' }).stdout).toBe('');
  });

  test.each(files)('$alias: show prints each step’s commands byte for byte', ({ alias, file }) => {
    const own = plan.steps.filter((step) => step.host === alias);
    expect(own.length).toBeGreaterThan(8);
    for (const { number, script } of own) {
      const { status, stdout, stderr } = sh(file, ['show', String(number)]);
      if (script.kind === 'ready') expect([status, stdout]).toEqual([0, script.text]);
      else expect([status, stderr]).toEqual([3, expect.stringContaining(script.needs)]);
    }
  });
});

describe('what waits for what', () => {
  const plan = planAt();
  const step = (id: string): PlannedStep => {
    const found = plan.steps.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no step ${id}`);
    return found;
  };
  const ids = (places: PlannedStep['waitsFor']) => places.map(({ number }) => plan.steps[number - 1]?.id);

  test('the first start waits for all that ran side by side before it, each secondary’s fallback copy by name', () => {
    expect(ids(step('E.node_1.private-start').waitsFor)).toEqual([
      'C.node_2.stop',
      'C.node_3.stop',
      'D.node_1.swap',
      'D.node_1.unit',
      'D.monitor.start',
    ]);
    expect(ids(step('D.monitor.start').waitsFor)).toEqual(['C.node_2.stop', 'C.node_3.stop']);
    expect(waitsWords(step('D.monitor.start'))).toMatch(
      /^before step \d+ here, step \d+ on node_2 and step \d+ on node_3 must be done$/,
    );
  });

  test('pg_upgrade waits for the primary’s stop alone, and may run beside the secondaries’', () => {
    const upgrade = step('D.node_1.pg-upgrade');
    expect(ids(upgrade.waitsFor)).toEqual(['C.node_1.stop']);
    expect(waitsWords(upgrade)).toBeNull();
    expect(ids(upgrade.together)).toEqual([
      'C.node_2.stop',
      'C.node_3.stop',
      'D.node_1.pg-ctl',
      'D.node_1.unit',
      'D.monitor.start',
    ]);
    expect(parallelWords(upgrade)).toMatch(
      /^may run at the same time as steps \d+ on node_2, \d+ on node_3, \d+ to \d+ on node_1 and \d+ on monitor$/,
    );
  });

  test('nothing runs beside an irreversible step', () => {
    for (const one of plan.steps.filter(({ danger }) => danger === 'point-of-no-return'))
      expect(one.together).toEqual([]);
  });

  test.each([labCluster(), debianCluster(), loneCluster()])(
    'one after the other in the order of the numbers is safe: whatever is waited for has a lower one',
    (facts) => {
      for (const { number, waitsFor } of planAt('running', facts).steps) {
        expect(waitsFor.length > 0).toBe(number > hostsOf(facts).length);
        for (const one of waitsFor) expect(one.number).toBeLessThan(number);
      }
    },
  );

  test('the times: side by side as the estimate counts them, and one after the other', () => {
    const { windowSeconds, downtimeSeconds, oneByOne } = plan.estimates;
    expect(downtimeSeconds).toBeLessThan(oneByOne.downtimeSeconds);
    expect(windowSeconds).toBeLessThan(oneByOne.windowSeconds);
    const [from, to] = ['C.node_1.stop', 'G.node_1.start'].map((id) => step(id).number);
    const sum = plan.steps
      .filter(({ number }) => number >= (from ?? 0) && number <= (to ?? 0))
      .reduce((total, one) => total + one.estimateSeconds, 0);
    expect(Math.abs(oneByOne.downtimeSeconds - sum)).toBeLessThan(1);
  });
});

describe('a host’s script by hand', () => {
  const data = join(directory, "it's data");
  mkdirSync(data, { recursive: true });
  const facts = onEveryHost(labCluster(), () => ({ configFile: join(data, 'pg_autoctl.cfg') }));
  const plan = planAt('running', facts);
  const number = plan.steps.findIndex((step) => step.id === 'C.node_1.stop') + 1;
  const mark = join(directory, 'ran');
  const me = userInfo().username;
  const only = (change: Partial<PlannedStep>, rest = plan): string => {
    const step = rest.steps.find((one) => one.id === 'C.node_1.stop');
    if (step === undefined) throw new Error('no stop');
    const changed: PlannedStep = {
      ...step,
      as: me,
      script: { kind: 'ready', text: `set -eu\npwd > '${mark}'\ncat >> '${mark}'\nexit 4\n` },
      ...change,
    };
    return written('one.sh', planShell({ ...rest, steps: [changed] }, facts, 'node_1'));
  };
  const ran = (): string | null => {
    try {
      const text = readFileSync(mark, 'utf8');
      rmSync(mark);
      return text;
    } catch {
      return null;
    }
  };
  const is = (name: string): void =>
    writeFileSync(join(data, 'pg_autoctl.cfg'), `[pg_autoctl]\nname = ${name}\n`);

  test('without a number it lists the steps, in order, and runs nothing', () => {
    is('node_1');
    const { status, stdout } = sh(only({}), []);
    expect([status, stdout]).toEqual([0, `${number} ${me}: Stop primary\n`]);
    expect(ran()).toBeNull();
  });

  test('with a number it runs that step after a yes, in the home directory, without input, and gives its exit code', () => {
    is('node_1');
    const file = only({});
    expect(sh(file, [`${number}`], 'no\n')).toMatchObject({ status: 2, stderr: 'Not run.\n' });
    expect(ran()).toBeNull();
    const { status, stdout } = sh(file, [`${number}`], 'yes\nmore\n');
    expect(status).toBe(4);
    expect(stdout).toContain(`Step ${number} ended with 4.`);
    expect(ran()).toBe(`${process.env.HOME}\n`);
  });

  test('on another host, as another user, and twice at once it refuses', () => {
    is('node_2');
    expect(sh(only({}), [`${number}`], 'yes\n')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('This is not node_1'),
    });
    is('node_1');
    expect(sh(only({ as: 'somebody' }), [`${number}`], 'yes\n').stderr).toContain(
      `Step ${number} runs as somebody: sudo -u somebody sh`,
    );
    expect(sh(only({}), [`${number}`, 'node_1', '99'], 'yes\n')).toMatchObject({
      status: 2,
      stderr: 'One step at a time.\n',
    });
    expect(sh(only({}), ['99'], 'yes\n')).toMatchObject({
      status: 2,
      stderr: 'There is no step 99 on this host.\n',
    });
    expect(ran()).toBeNull();
  });

  test('an irreversible step wants the host’s name as well', () => {
    is('node_1');
    const file = only({ danger: 'point-of-no-return', givesUp: 'the old files' });
    expect(sh(file, [`${number}`], 'yes\n')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('IRREVERSIBLE: the old files'),
    });
    expect(ran()).toBeNull();
    expect(sh(file, [`${number}`, 'node_1'], 'yes\n').status).toBe(4);
    expect(ran()).not.toBeNull();
  });

  test('no text of a host becomes a command', () => {
    is('node_1');
    const evil = `x\n touch '${mark}'\n$(touch '${mark}') \`touch '${mark}'\` '; touch '${mark}'; '\r\u001b]0;t\u0007`;
    const file = only({
      title: evil,
      reason: evil,
      undo: evil,
      before: [evil],
      after: [evil],
      guide: { step: evil, differs: evil },
      seeOnFailure: [evil],
      waitsFor: [{ number: 1, host: evil }],
      together: [{ number: 2, host: evil }],
      script: { kind: 'ready', text: `cat <<END_OF_STEP_${number}\nEND_OF_STEP_${number}\necho once\n` },
    });
    expect(spawnSync('sh', ['-n', file], { encoding: 'utf8' }).stderr).toBe('');
    expect(sh(file, []).stdout).toContain(`${number} `);
    expect(sh(file, ['show', `${number}`]).stdout).toBe(
      `cat <<END_OF_STEP_${number}\nEND_OF_STEP_${number}\necho once\n`,
    );
    expect(sh(file, [`${number}`], 'yes\n')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/Type yes: once\n/),
    });
    expect(ran()).toBeNull();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
    expect(readFileSync(file, 'utf8')).not.toMatch(/[\u001b\u0007\r]/);
  });
});

test('the online method’s plan: phases as they come, the pause, and a way back that loses nothing', () => {
  const plan = planAt('running', labCluster({ method: 'online' }));
  expect(plan.phases.map(({ id }) => id).join('')).toBe('ABDNOHI');
  expect(plan.phases.map(({ rollback }) => rollback.kind)).toEqual([
    'nothing-to-undo',
    'safe',
    'safe',
    'loses-new-writes',
    'lossless',
    'lossless',
    'lossless',
  ]);
  const text = planMarkdown(plan);
  // it was told as if the whole step were the pause: 5 s, and minutes with many tables
  expect(text).toMatch(
    /The application cannot write for about 1 s within step \d+, which takes about 4 s with/,
  );
  expect(plan.estimates.downtimeSeconds).toBe(1);
  expect(text).not.toContain('then all servers stop');
});

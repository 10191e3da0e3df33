import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ClusterFacts, ReadFacts } from '../../source/cluster/facts.ts';
import { rollbackRunbook } from '../../source/runbook/rollback.ts';
import { labCluster } from './clusters.ts';
import { Sandbox } from './sandbox.ts';
import { modelAfter, stepOf, worldAt } from './worlds.ts';

/** Scripts of custom steps, by a real shell: whatever the operator has written there, one clear sentence and nothing half known. */

let host: Sandbox | null = null;
afterEach(() => host?.remove());
beforeEach(() => {
  host = null;
});

type Given = Omit<NonNullable<ReadFacts['custom']>[number], 'name' | 'at'> & {
  at?: 'before-open' | 'opened' | 'failed';
};
const withStep = (given: Given): Sandbox => {
  host = new Sandbox(labCluster({ custom: [{ name: 'own', at: 'opened', ...given }] }));
  return host;
};
const id = 'G.node_1.custom-own';
const markOf = (sandbox: Sandbox, name: string): string => join(sandbox.node.workDir, 'done', name);
const marks = (sandbox: Sandbox): string[] =>
  ['custom-own', 'custom-own.begun'].filter((name) => sandbox.has(markOf(sandbox, name)));

test('it runs in sh, and finds where it is and which server to ask', () => {
  const sandbox = withStep({
    run: 'printf "%s\\n" "$PGAF_CLUSTER $PGAF_STEP $PGAF_AT $PGAF_OLD $PGAF_NEW $PGAF_PRIMARY" "$PGHOST" "$PGPORT" "$PGOPTIONS"\ncommand -v pg_controldata',
  });
  const { socketDirectory, port, newBindir } = sandbox.node;
  expect(sandbox.run(id)).toEqual({
    code: 0,
    output: `lab own opened 15 17 node1\n${socketDirectory}\n${port}\n-c search_path=pg_catalog\n${newBindir}/pg_controldata\n`,
  });
  expect(marks(sandbox)).toEqual(['custom-own', 'custom-own.begun']);
});

test('before the opening it asks the server that nobody else reaches', () => {
  const sandbox = withStep({ at: 'before-open', run: 'echo "$PGHOST"' });
  expect(sandbox.run('E.node_1.custom-own').output).toMatch(/pgaf-upgrade.*\n$/);
  expect(sandbox.run('E.node_1.custom-own').output).not.toContain(sandbox.node.socketDirectory);
});

test('what fails in it fails the step with its exit code, and it has begun', () => {
  const sandbox = withStep({ run: 'echo the pooler does not answer >&2; false; echo never' });
  expect(sandbox.run(id)).toEqual({ code: 1, output: 'the pooler does not answer\n' });
  expect(marks(sandbox)).toEqual(['custom-own.begun']);
});

test('one that hangs is ended at its limit, and says which; what it has started is ended with it', () => {
  const sandbox = withStep({ run: 'sleep 60 & sleep 60', timeout: 1 });
  const began = Date.now();
  expect(sandbox.run(id)).toEqual({
    code: 124,
    output: 'it was ended after 1 s: steps.own.timeout in the cluster file\n',
  });
  expect(Date.now() - began).toBeLessThan(20_000);
  expect(marks(sandbox)).toEqual(['custom-own.begun']);
});

test('what somebody else has ended, or says so itself, is not laid to its limit', () => {
  expect(withStep({ run: 'kill -KILL $PPID', timeout: 30 }).run(id)).toEqual({
    code: 137,
    output: expect.not.stringContaining('timeout'),
  });
  expect(withStep({ run: 'exit 124', timeout: 30 }).run(id)).toEqual({ code: 124, output: '' });
});

test('a probe that hangs is ended at the limit as well: it says neither yes nor no, and nothing has begun', () => {
  const sandbox = withStep({ run: 'echo run', done: 'sleep 60', timeout: 1 });
  expect(sandbox.run(id)).toEqual({
    code: 124,
    output: 'steps.own.done did not answer within 1 s: steps.own.timeout in the cluster file\n',
  });
  expect(marks(sandbox)).toEqual([]);
});

test('one that reads from a terminal finds none, and does not wait', () => {
  expect(withStep({ run: 'read -r answer || echo nobody answers' }).run(id)).toMatchObject({
    code: 0,
    output: 'nobody answers\n',
  });
});

test('one that is ended by a signal has failed', () => {
  expect(withStep({ run: 'kill -SEGV $$' }).run(id).code).toBe(139);
});

test('what is done already is not run again', () => {
  const sandbox = withStep({ run: 'echo run', done: 'true' });
  expect(sandbox.run(id)).toEqual({ code: 0, output: 'it is done already, says steps.own.done\n' });
  expect(marks(sandbox)).toEqual(['custom-own']);
});

test('one whose probe says that it is not done, although it has run, has failed', () => {
  const sandbox = withStep({ run: 'echo run', done: 'false' });
  expect(sandbox.run(id)).toEqual({
    code: 1,
    output: 'run\nit has run, but steps.own.done says that it is not done\n',
  });
  expect(marks(sandbox)).toEqual(['custom-own.begun']);
});

test('quotes, line breaks, dollars and here-documents arrive as they are written', () => {
  const sandbox = withStep({
    run: `cat <<'END'\nit's "$HOME" \\ \`x\`\nEND\necho "a'b"`,
  });
  expect(sandbox.run(id)).toEqual({ code: 0, output: `it's "$HOME" \\ \`x\`\na'b\n` });
});

test('what is no shell is found before the window, by its place in the cluster file', () => {
  const sandbox = withStep({ run: 'if true; then echo', done: 'true', undo: 'echo "' });
  const { code, output } = sandbox.run('A.node_1.steps-syntax');
  expect(code).toBe(1);
  expect(output).toContain('steps.own.run of the cluster file is no shell: see the line above');
  expect(output).toContain('steps.own.undo of the cluster file is no shell');
  expect(output).not.toContain('steps.own.done');
  expect(withStep({ run: 'echo "it is"' }).run('A.node_1.steps-syntax')).toMatchObject({ code: 0 });
});

test('what is no shell in a step at `failed` is found there as well', () => {
  const { code, output } = withStep({ at: 'failed', run: 'echo "', done: 'case' }).run(
    'A.node_1.steps-syntax',
  );
  expect(code).toBe(1);
  expect(output).toContain('steps.own.run of the cluster file is no shell');
  expect(output).toContain('steps.own.done of the cluster file is no shell');
});

const undoOf = (facts: ClusterFacts): string => {
  const { steps } = rollbackRunbook(facts, modelAfter(facts, id).world());
  const script = stepOf(steps, 'T.node_1.undo-custom-own').script(worldAt('running', facts));
  return script.kind === 'ready' ? script.text : '';
};

test('its undo takes the marks away, and fails with what fails in it: then they stay', () => {
  const sandbox = withStep({ run: 'echo PAUSE', undo: 'test -e "$HOME/up" && echo RESUME' });
  sandbox.run(id);
  expect(sandbox.sh(undoOf(sandbox.facts)).code).toBe(1);
  expect(marks(sandbox)).toHaveLength(2);
  sandbox.write(join(sandbox.node.home, 'up'), '');
  expect(sandbox.sh(undoOf(sandbox.facts))).toEqual({ code: 0, output: 'RESUME\n' });
  expect(marks(sandbox)).toEqual([]);
});

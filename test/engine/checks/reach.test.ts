import { expect, test } from 'vitest';
import { sh } from '../../../source/cluster/fragment.ts';
import { becomeProblem, shellAs } from '../../../source/remote/become.ts';
import {
  authProblem,
  certificateProblem,
  connectProblem,
  keyProblem,
  timeoutProblem,
} from '../../../source/remote/problems.ts';
import type { Hop } from '../../../source/remote/route.ts';
import { isBecoming, reachOf } from '../../../source/usecases/check/reach.ts';

const hop: Hop = {
  alias: 'node_2',
  host: 'node2',
  port: 22,
  user: 'dba',
  identityFiles: [],
  identitiesNamed: false,
  identitiesOnly: false,
  agentSocket: null,
  knownHostsFiles: ['/home/dba/.ssh/known_hosts'],
  timeoutMs: 10_000,
};
const login = { alias: 'node_2', user: 'dba', become: 'sudo' as const };

test('a key that is not trusted is told from a host that is silent', () => {
  const verdict = { kind: 'changed', file: '/f', line: 3, keyType: 'ssh-ed25519' } as const;
  for (const problem of [
    keyProblem(hop, 'node2', 'SHA256:x', verdict),
    keyProblem(hop, 'node2', 'SHA256:x', { kind: 'revoked', file: '/f', line: 3 }),
    certificateProblem(hop, 'node2'),
  ])
    expect(reachOf(problem).kind, problem.what).toBe('host-key');
  for (const problem of [
    timeoutProblem(hop),
    authProblem(hop, [], [], []),
    connectProblem(hop, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })),
  ])
    expect(reachOf(problem).kind, problem.what).toBe('unreachable');
});

test('every way in which becoming postgres fails is known as one', () => {
  for (const words of [
    'sudo: a password is required',
    'unknown user postgres',
    'sudo: command not found',
    'anything else',
  ])
    expect(isBecoming(becomeProblem(login, 'postgres', words, 1)), words).toBe(true);
  const none = shellAs({ ...login, become: 'none' }, 'postgres', sh`:`);
  expect(!none.ok && isBecoming(none.error)).toBe(true);
});

import { expect, test } from 'vitest';
import { sh } from '../../source/cluster/fragment.ts';
import { theLogin } from '../../source/cluster/login.ts';
import { becomeProblem, type Login, shellAs } from '../../source/remote/become.ts';
import { isBecoming } from '../../source/usecases/check/reach.ts';

const dba: Login = { alias: 'node_2', user: 'dba', become: 'sudo' };

test('requiretty: the remedy is what helps, not the rule that is there already', () => {
  const problem = becomeProblem(dba, 'postgres', 'sudo: sorry, you must have a tty to run sudo', 1);
  expect(problem.remedy).toBe('Add to /etc/sudoers.d/pgaf-upgrade: `Defaults:dba !requiretty`.');
  expect(isBecoming(problem)).toBe(true);
});

test('the rule that a message advises is the README’s', () => {
  const advised = (as: string) => becomeProblem(dba, as, 'sudo: a password is required', 1).remedy;
  expect(advised('postgres')).toContain('dba ALL=(postgres) NOPASSWD: /usr/bin/sh');
  expect(advised('root')).toContain('dba ALL=(postgres,root) NOPASSWD: /usr/bin/sh');
  expect(advised('root')).toContain('pgaf-upgrade helper');
  for (const as of ['postgres', 'root']) expect(advised(as)).not.toContain('NOPASSWD: ALL');
});

test('what is advised about the cluster file is what its schema takes', () => {
  const refused = shellAs({ ...dba, become: 'none' }, 'postgres', sh`id`);
  expect(refused).toMatchObject({
    ok: false,
    error: { remedy: expect.stringContaining('become: { method: sudo }') },
  });
});

test('the login itself needs no way to become anybody, and is no user’s name', () => {
  expect(shellAs({ ...dba, become: 'none' }, theLogin, sh`id`).ok).toBe(true);
  expect(shellAs(dba, 'the  login', sh`id`).ok).toBe(false);
});

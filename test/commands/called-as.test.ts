import { expect, test } from 'vitest';
import { calledAs } from '../../source/commands/called-as.ts';
import { farewell } from '../../source/wording/farewell.ts';
import { FakeEngine } from '../console/fake-engine.ts';

test.each([
  ['in a checkout, by npm run demo', ['/usr/bin/node', '/home/dba/tool/dist/cli.js'], 'node dist/cli.js'],
  ['from elsewhere', ['/usr/bin/node', '/srv/tool/dist/cli.js'], 'node /srv/tool/dist/cli.js'],
  ['by its name on the PATH', ['/usr/bin/node', '/usr/local/bin/pgaf-upgrade'], 'pgaf-upgrade'],
  [
    'by npx',
    ['/usr/bin/node', '/home/dba/.npm/_npx/1/node_modules/.bin/pgaf-upgrade'],
    '/home/dba/.npm/_npx/1/node_modules/.bin/pgaf-upgrade',
  ],
  ['the executable', ['/opt/pgaf-upgrade', '/opt/pgaf-upgrade'], '/opt/pgaf-upgrade'],
] as const)('%s a printed command begins with what can be typed there', (_, argv, called) => {
  expect(calledAs(argv, '/home/dba/tool', argv[1].includes('_npx'))).toBe(called);
});

test('in another terminal the path is whole', () => {
  const argv = ['/usr/bin/node', '/home/dba/tool/dist/cli.js'];
  expect(calledAs(argv, null, false)).toBe('node /home/dba/tool/dist/cli.js');
});

test('what the demo says at its end can be typed as it stands', () => {
  const { view } = new FakeEngine();
  const demo = { ...view, fleeting: true as const, called: 'node dist/cli.js' };
  expect(farewell(demo)).toMatch(/, start it with: node dist\/cli\.js demo --keep$/);
});

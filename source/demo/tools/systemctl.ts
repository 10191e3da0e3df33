import { existsSync, readFileSync } from 'node:fs';
import type { DemoHost } from '../cluster/host.ts';
import type { Call } from '../hosts/wire.ts';
import { unit } from '../layout.ts';

export const systemctl = async (call: Call, host: DemoHost): Promise<number> => {
  const properties = call.args.flatMap((word, at) => (call.args[at - 1] === '-p' ? [word] : []));
  const [verb = '', ...names] = call.args.filter(
    (word, at) => !word.startsWith('-') && call.args[at - 1] !== '-p',
  );
  const name = names[0] ?? unit;
  if (verb === 'daemon-reload') {
    host.service.reload();
    return 0;
  }
  if (verb === 'list-timers' || verb === 'reset-failed') return 0;
  if (name !== unit && `${name}.service` !== unit) {
    if (verb === 'show') {
      call.out('LoadState=not-found\nActiveState=inactive\nFragmentPath=\nUnitFileState=');
      return 0;
    }
    call.err(`Unit ${name} could not be found.`);
    return 5;
  }
  switch (verb) {
    case 'show':
      call.out(host.service.show(properties).join('\n'));
      return 0;
    case 'enable':
      host.service.enable();
      return 0;
    case 'disable':
      host.service.disable();
      return 0;
    case 'start':
      await host.service.start();
      return 0;
    case 'stop':
      await host.service.stop();
      return 0;
    case 'is-active':
      call.out(host.service.active ? 'active' : 'inactive');
      return host.service.active ? 0 : 3;
    default:
      call.err(`systemctl ${verb}: not in the demo`);
      return 1;
  }
};

export const journalctl = async (call: Call, host: DemoHost): Promise<number> => {
  const { journal } = host.paths;
  const lines = existsSync(journal) ? readFileSync(journal, 'utf8').trimEnd().split('\n') : [];
  call.out(lines.slice(-25).join('\n'));
  return 0;
};

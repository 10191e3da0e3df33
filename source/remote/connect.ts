import { fail, ok } from '../cluster/result.ts';
import { chooseTransport } from './choose.ts';
import { debugEvent } from './debug-events.ts';
import { dial } from './dial.ts';
import type { Connect } from './host.ts';
import { keptHost } from './kept-host.ts';
import { Line } from './line.ts';
import { dialOpenssh } from './openssh/dial-openssh.ts';
import { promptQueueOf } from './prompt-queue.ts';
import { resolveRoute } from './ssh-config.ts';

/**
 * Reaches a host by ~/.ssh/config, through its jump hosts, with every host key verified, and keeps the connection:
 * when it breaks it is dialed again until closed, or until a host key is refused. Each failure names the host and a remedy.
 */
export const connect: Connect = async (address, options) => {
  const route = await resolveRoute(address, options);
  if (!route.ok) return route;
  const target = route.value[route.value.length - 1] ?? route.value[0];
  const desk = promptQueueOf(options.ask);
  const choice = await chooseTransport(address, route.value, desk);
  if (!choice.ok) return choice;
  const { transport, because } = choice.value;
  if (because !== null) options.say?.(`${address.alias} is reached by this machine's ssh: ${because}`);
  debugEvent('ssh.transport', { alias: address.alias, transport, because });
  const newLine = (): Line =>
    new Line(address.alias, () =>
      transport === 'openssh' ? dialOpenssh(address, route.value, options, desk) : dial(route.value, desk),
    );
  const line = newLine();
  const opened = await line.open(options.evenIfSilent === true);
  if (!opened.ok) return fail(opened.error);
  return ok(
    keptHost(address, line, { alias: address.alias, user: target.user, become: options.become }, newLine),
  );
};

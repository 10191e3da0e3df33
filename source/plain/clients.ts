import type { ClientsView, StepView } from '../engine/view/controller.ts';
import { clientsOf, plainClients } from '../wording/clients.ts';
import type { Talk } from './talk.ts';

/** A card in lines is written once: so long it waits for what the server says. */
const patienceMs = 2_500;

/** What is known of the clients once their server has answered, or when the patience is over; null: the step stops no such server. */
const clientsSoon = ({ controller }: Talk, step: StepView): Promise<ClientsView | null> =>
  new Promise((resolve) => {
    const known = () => clientsOf(controller.view, step);
    if (known()?.kind !== 'reading') return resolve(known());
    const end = () => {
      clearTimeout(timer);
      forget();
      resolve(known());
    };
    const timer = setTimeout(end, patienceMs);
    const forget = controller.onChange(() => {
      if (known()?.kind !== 'reading') end();
    });
  });

/** Says who is connected to the server that the step stops; nothing for every other step. */
export const sayClients = async (talk: Talk, step: StepView): Promise<void> => {
  const clients = await clientsSoon(talk, step);
  if (clients === null) return;
  const [first = '', ...more] = plainClients(clients);
  talk.write([`  Clients: ${first}`, ...more.map((line) => `  ${line}`)]);
};

/** What `t` is on the full screen: shows who it is about, asks for the host's name, and ends their sessions. */
export const terminateClients = async (talk: Talk, step: StepView): Promise<void> => {
  const { controller, write, ask, refusal } = talk;
  await sayClients(talk, step);
  write(['This ends the sessions of all clients at once; their open transactions are rolled back.']);
  const typed = (
    await ask(`Type the name of the host (${step.host}) to terminate them, Enter lets them be: `)
  )?.trim();
  if (typed === undefined || typed === '') return write(['No client was terminated.']);
  if (!refusal(controller.terminateClients(step.id, typed))) write(['They are being terminated.']);
};

import type { ClientGroup } from '../../source/cluster/clients.ts';
import type { ClientsView } from '../../source/engine/view/controller.ts';

const pool = (number: number): ClientGroup => ({
  application: `worker-${number}`,
  role: 'jobs',
  address: '10.0.0.30',
  sessions: number,
  state: 'idle',
  seconds: null,
});

/** More groups than a card has room for, one of them in an old transaction, and a name that is somebody's idea of a joke. */
export const manyClients: ClientsView = {
  kind: 'seen',
  step: 'C.node_1.stop',
  terminated: null,
  clients: {
    sessions: 54,
    groups: 8,
    listed: [
      {
        application: 'reporting',
        role: 'report',
        address: '10.0.0.22',
        sessions: 2,
        state: 'idle in transaction',
        seconds: 41,
      },
      { application: 'shop', role: 'app', address: '10.0.0.21', sessions: 35, state: 'active', seconds: 0.2 },
      {
        application: 'evil�[31m�"quote',
        role: 'app',
        address: '10.0.0.66',
        sessions: 1,
        state: 'idle',
        seconds: null,
      },
      pool(6),
      pool(5),
      pool(3),
      { application: '', role: 'mueller', address: null, sessions: 1, state: 'idle', seconds: null },
    ],
  },
};

import { z } from 'zod';
import { sqlLiteral } from '../../cluster/quote.ts';
import { nodeStateSchema } from '../../cluster/states.ts';
import type { Database, Rows } from './database.ts';
import type { GoalDecision, NodeGroup } from './group.ts';

const lsn = z.string().transform((text) => {
  const [high = '0', low = '0'] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
});

const groupSchema = z.object({
  formation: z.string(),
  group: z.number().int(),
  numberSyncStandbys: z.number().int(),
  members: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      host: z.string(),
      port: z.number().int(),
      goal: nodeStateSchema,
      reported: nodeStateSchema,
      running: z.boolean(),
      timeline: z.number().int(),
      lsn,
      health: z.enum(['unknown', 'bad', 'good']),
      priority: z.number().int(),
      quorum: z.boolean(),
      inStateFor: z.number(),
    }),
  ),
});

/** PostgreSQL refused something that the monitor itself asked. */
export class Refused extends Error {
  readonly sqlState: string;
  constructor(words: string, sqlState: string) {
    super(words);
    this.sqlState = sqlState;
  }
}

/** The results of statements that must succeed. Throws Refused. The caller holds the lock. */
export const ask = async (database: Database, sql: string): Promise<readonly Rows[]> => {
  const answer = await database.ask(sql);
  if (!answer.ok) throw new Refused(answer.error, answer.sqlState);
  return answer.results;
};

/** The first value of the last statement. */
export const firstValue = (results: readonly Rows[]): string | null => results.at(-1)?.rows[0]?.[0] ?? null;

/** The group of the formation `default`. `silenceOf` says for how many demo seconds (of `secondMs` milliseconds) a node has not reported. */
export const readGroup = async (
  database: Database,
  secondMs: number,
  silenceOf: (nodeId: number) => number,
): Promise<NodeGroup> => {
  const json = firstValue(
    await ask(
      database,
      `select json_build_object('formation', f.formationid, 'group', 0, 'numberSyncStandbys', f.number_sync_standbys,
        'members', coalesce((select json_agg(json_build_object('id', nodeid, 'name', nodename, 'host', nodehost, 'port', nodeport,
          'goal', goalstate, 'reported', reportedstate, 'running', coalesce(reportedpgisrunning, false), 'timeline', reportedtli,
          'lsn', reportedlsn, 'health', case health when 1 then 'good' when 0 then 'bad' else 'unknown' end,
          'priority', candidatepriority, 'quorum', replicationquorum,
          'inStateFor', (greatest(0, extract(epoch from clock_timestamp() - statechangetime)) * ${1000 / secondMs})::float8) order by nodeid)
          from pgautofailover.node n where n.formationid = f.formationid), '[]'))
      from pgautofailover.formation f where f.formationid = 'default'`,
    ),
  );
  const { members, ...group } = groupSchema.parse(JSON.parse(json ?? 'null'));
  return { ...group, members: members.map((node) => ({ ...node, silentFor: silenceOf(node.id) })) };
};

/** The statement that writes a decision, says it and records it. */
export const sqlOf = (decision: GoalDecision): string => {
  if (decision.kind === 'say') return `select demo.say(${sqlLiteral(decision.message)})`;
  if (decision.kind === 'priority')
    return `select demo.prioritise(${decision.node.id}, ${decision.priority}, 'back ')`;
  const say = `select demo.say(${sqlLiteral(decision.message)})`;
  if (decision.kind === 'remove')
    return `${say}; delete from pgautofailover.node where nodeid = ${decision.node.id}`;
  const writes = decision.changes.map(
    ([node, goal]) => `select demo.assign(${node.id}, '${goal}', ${sqlLiteral(decision.message)})`,
  );
  return [say, ...writes].join('; ');
};

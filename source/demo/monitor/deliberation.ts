import type { NodeState } from '../../cluster/states.ts';
import { type GoalDecision, type Member, type NodeGroup, named } from './group.ts';

/** One deliberation over a group: it sees what it has already decided. */
export class Deliberation {
  readonly group: NodeGroup;
  readonly decisions: GoalDecision[] = [];
  #members: readonly Member[];

  constructor(group: NodeGroup) {
    this.group = group;
    this.#members = group.members;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  others(node: Member): readonly Member[] {
    return this.#members.filter((other) => other.id !== node.id);
  }

  /** The node as it is by now. */
  now(node: Member): Member {
    return this.#members.find((other) => other.id === node.id) ?? node;
  }

  /** Always true, for a rule that ends with it. */
  assign(node: Member, goal: NodeState, because: string): true {
    return this.assignAll([[node, goal]], `Setting goal state of ${named(node)} to ${goal}${because}`);
  }

  assignAll(changes: readonly (readonly [Member, NodeState])[], message: string): true {
    this.decisions.push({ kind: 'assign', changes, message });
    this.#members = this.#members.map((node) => {
      const change = changes.find(([changed]) => changed.id === node.id);
      return change === undefined ? node : { ...node, goal: change[1], inStateFor: 0 };
    });
    return true;
  }

  prioritise(node: Member, priority: number): void {
    this.decisions.push({ kind: 'priority', node, priority });
    this.#members = this.#members.map((other) => (other.id === node.id ? { ...other, priority } : other));
  }

  remove(node: Member, message: string): void {
    this.decisions.push({ kind: 'remove', node, message });
    this.#members = this.#members.filter((other) => other.id !== node.id);
  }

  say(message: string): void {
    this.decisions.push({ kind: 'say', message });
  }
}

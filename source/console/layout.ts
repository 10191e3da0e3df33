import type { PaneId } from './state/state.ts';

export interface Area {
  readonly columns: number;
  /** With the title line; 0 hides the pane. */
  readonly rows: number;
}

export interface Layout {
  readonly shape: 'too-small' | 'stacked' | 'split';
  readonly columns: number;
  readonly rows: number;
  readonly areas: Readonly<Record<PaneId, Area>>;
}

export const smallest = { columns: 80, rows: 24 } as const;
export const headerRows = 2;
export const footerRows = 2;

/** What is left for the panes between header and footer. */
export const bodyRows = (rows: number, staged: boolean): number =>
  rows - headerRows - (staged ? 1 : 0) - footerRows;

interface Wanted {
  readonly columns: number;
  readonly rows: number;
  readonly focus: PaneId;
  readonly zoom: boolean;
  /** How many nodes the monitor pane has to show, and databases that follow. */
  readonly nodes: number;
  /** A line more stands below the header. */
  readonly staged: boolean;
  /** A dialog needs the third pane, whatever has the focus, and so many rows of it, its border included; 0: there is none. */
  readonly dialog: number;
}

/** A label of 62 columns and `ok`. Source: PostgreSQL, pg_upgrade.h, MESSAGE_WIDTH. */
const upgradeLines = 64;

/** A title and the step that the run is at, between its neighbors. */
const leastChecklist = 4;

const hidden: Area = { columns: 0, rows: 0 };

const stacked = ({ columns, focus, nodes, dialog }: Wanted, body: number) => {
  // Title, one line for each node; seven nodes must not eat the screen.
  const monitorLeast = 1 + Math.max(1, Math.min(nodes, body >= 24 ? 6 : 4));
  const roomy = Math.max(5, Math.floor(body * 0.27));
  if (focus === 'monitor') {
    const monitor = body - 5 - 5;
    return {
      monitor: { columns, rows: monitor },
      checklist: { columns, rows: 5 },
      output: { columns, rows: 5 },
    };
  }
  if (focus === 'checklist') {
    const output = Math.max(5, Math.floor(body * 0.25));
    const checklist = body - monitorLeast - output;
    return {
      monitor: { columns, rows: monitorLeast },
      checklist: { columns, rows: checklist },
      output: { columns, rows: output },
    };
  }
  const monitor = body >= 30 ? monitorLeast + 3 : monitorLeast;
  // A dialog that does not fit takes the list's room: what it says last is what one must know before one types.
  const left = body - monitor - dialog;
  const checklist = left >= roomy ? roomy : left >= leastChecklist ? left : 0;
  return {
    monitor: { columns, rows: monitor },
    checklist: { columns, rows: checklist },
    output: { columns, rows: body - monitor - checklist },
  };
};

const split = ({ columns, nodes }: Wanted, body: number) => {
  const events = body >= 46 ? 8 : 3;
  const monitor = Math.min(2 + Math.max(1, nodes) + events, Math.floor(body / 2));
  // A title with its time fits into the list, and a line of pg_upgrade's with its result into the third pane.
  const left = Math.max(48, Math.min(90, Math.floor(columns * 0.45), columns - 2 - upgradeLines));
  const rows = body - monitor;
  return {
    monitor: { columns, rows: monitor },
    checklist: { columns: left, rows },
    output: { columns: columns - left - 2, rows },
  };
};

/** Where the three panes stand in a window of this size. */
export const layoutFor = (asked: Wanted): Layout => {
  const { columns, rows } = asked;
  const all = { monitor: hidden, checklist: hidden, output: hidden };
  if (columns < smallest.columns || rows < smallest.rows)
    return { shape: 'too-small', columns, rows, areas: all };
  const wanted = asked.dialog > 0 ? { ...asked, focus: 'output' as const } : asked;
  const body = bodyRows(rows, wanted.staged);
  const shape = columns >= 110 && rows >= 30 ? 'split' : 'stacked';
  if (wanted.zoom) {
    return { shape, columns, rows, areas: { ...all, [wanted.focus]: { columns, rows: body } } };
  }
  return { shape, columns, rows, areas: (shape === 'split' ? split : stacked)(wanted, body) };
};

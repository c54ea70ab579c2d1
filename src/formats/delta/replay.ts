// Folds actions into what a table is: later ones win, by the protocol's rules of action reconciliation.
import type { Action, AddFile, Metadata, Protocol, RemoveFile, Transaction } from './actions.ts'
import type { Snapshot } from './table.ts'

export interface TableState {
  protocol: Protocol | undefined
  metadata: Metadata | undefined
  files: Map<string, AddFile>
  removed: Map<string, RemoveFile>
  transactions: Map<string, Transaction>
  /** Actions that occurred and that we do not know, by name. */
  others: Set<string>
}

export function emptyState(): TableState {
  return {
    protocol: undefined,
    metadata: undefined,
    files: new Map(),
    removed: new Map(),
    transactions: new Map(),
    others: new Set(),
  }
}

/** A state of its own that begins with the snapshot's contents. */
export function stateOf(snapshot: Snapshot): TableState {
  return {
    protocol: snapshot.protocol,
    metadata: snapshot.metadata,
    files: new Map(snapshot.files.map((file) => [fileKey(file), file])),
    removed: new Map(snapshot.removed.map((file) => [fileKey(file), file])),
    transactions: new Map(snapshot.transactions),
    others: new Set(),
  }
}

/** Applies the actions of one entry or checkpoint to the state. */
export function applyActions(state: TableState, actions: Iterable<Action>): void {
  for (const action of actions) {
    switch (action.kind) {
      case 'add':
        state.files.set(fileKey(action.add), action.add)
        state.removed.delete(fileKey(action.add))
        break
      case 'remove':
        state.files.delete(fileKey(action.remove))
        state.removed.set(fileKey(action.remove), action.remove)
        break
      case 'metadata':
        state.metadata = action.metadata
        break
      case 'protocol':
        state.protocol = action.protocol
        break
      case 'transaction':
        state.transactions.set(action.transaction.appId, action.transaction)
        break
      case 'other':
        state.others.add(action.name)
        break
      case 'commitInfo':
        break
      default:
        action satisfies never
    }
  }
}

/** A file with another deletion vector is another file: one entry takes the one away and adds the other. */
function fileKey({ path, deletionVector }: { path: string; deletionVector?: unknown }): string {
  return deletionVector === undefined ? path : `${path}\n${JSON.stringify(deletionVector)}`
}

// What the examples take for granted: the app around them.

interface Todo {
  id: string;
  title: string;
  completed: boolean;
  created_at: string;
  list: string;
}

interface Item {
  id: string;
}

interface Schema {
  todos: Todo;
}

declare const db: import("throughline").Database<{ todos: Todo; lists: { id: string } }>;
declare const tx: Parameters<Parameters<(typeof db)["transaction"]>[0]>[0];
declare const live: import("throughline").LiveQuery<Todo>;
declare const options: import("throughline").OpenOptions<{ todos: Todo }>;
declare const world: import("throughline/testing").World;
declare const kysely: import("kysely").Kysely<Schema>;
declare const todos: import("drizzle-orm/sqlite-core").SQLiteTableWithColumns<any>;
declare const drizzled: import("throughline/drizzle").DrizzleDatabase<Record<string, never>>;

declare const id: string;
declare const ids: string[];
declare const listName: string;
declare const mine: string;
declare const userId: string;
declare const listId: string;
declare const list: string;
declare const column: string;
declare const pattern: string;
declare const selected: string | undefined;
declare const props: { list: string };
declare const page: AbortController;
declare const signal: AbortSignal;
declare const link: HTMLAnchorElement;
declare const fileInput: { files: [File] };
declare const rpc: { call(name: string, ...about: unknown[]): Promise<{ verdicts: import("throughline").WriteAnswer }> };
declare const Root: import("vue").Component;
declare const App: () => any;
declare const Spinner: () => any;

declare function token(): Promise<string>;
declare function session(): Promise<{ token: string }>;
declare function toSet(text: string): Set<string>;
declare function render(rows: readonly unknown[], changes?: unknown): void;
declare function showError(message: string): void;
declare function showTaken(id: string): void;
declare function showBadge(pending: number, persistence: string): void;
declare function showConflict(changes: unknown, message?: string): void;
declare function offerRetry(message: string | undefined, retry: () => void): void;
declare function warnThatNothingIsKept(): void;

declare module "*?worker" {
  const Constructor: new () => Worker;
  export default Constructor;
}

/**
 * SQLite in the browser, kept in step with Postgres through Electric. Start with {@link open}.
 *
 * @packageDocumentation
 */

export { databases, deleteDatabase } from "./databases.js";
export { toDate } from "./dates.js";
export { open } from "./open.js";
export { sql, Statement } from "./sql.js";
export { ThroughlineError } from "./errors.js";
export type { Waiting } from "./abort.js";
export type { Database } from "./client.js";
export type { DatabaseInfo } from "./databases.js";
export type { ErrorCode } from "./errors.js";
export type { DatabaseEvents } from "./events.js";
export type { DeclaredTables, DeclaringOptions, RowsOf } from "./inferred.js";
export type { LiveOptions, LiveQuery, LiveResult } from "./live.js";
export type {
  AnyTables,
  Askable,
  ColumnOptions,
  ElectricOptions,
  HeadersOption,
  OpenOptions,
  ParamsOption,
  ParamValues,
  ReferenceOptions,
  RowOf,
  ShapeOptions,
  SubsetOptions,
  TableOptions,
  WriteOptions,
} from "./options.js";
export type { ChangeEdit, WithDependents } from "./outbox.js";
export type { Parser, Parsers } from "./parsers.js";
export type * from "./protocol.js";
export type { Executed } from "./rows.js";
export type { OfShape } from "./shapes.js";
export type { SqlTag, StatementInput } from "./sql.js";
export type { Transaction, TransactionOptions } from "./transaction.js";
export type { Row, SqlInput, SqlValue } from "./values.js";
export type { ClassifyWrites, OutgoingChange, OutgoingTransaction, SendWrites, WriteAnswer, WriteVerdict } from "./write.js";
export type { Written } from "./written.js";

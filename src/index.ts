/*
 * The package: what `millrace` exports to those who build pipelines and connect them to brokers. What only authors of connectors and stores
 * need has a subpath of its own, as the protocol and the metrics have. Read ARCHITECTURE.md for the layers behind it.
 */
export type {
  ClusterEngine,
  ClusterEvent,
  ClusterJob,
  ClusterJobEvent,
  ClusterJobOptions,
  ClusterOptions,
  LossReason,
  PartitionState,
  PartitionView,
} from './cluster/index.js';
export type {
  BatchBuffer,
  ClassifyErrorFn,
  DeadLetter,
  ErrorClass,
  IntervalFunction,
  OnError,
  OpenOptions,
  OpenSink,
  OpenSource,
  ProcessingGuarantee,
  ReceiveBatchOptions,
  Received,
  ReceivedBatch,
  RetryStrategy,
  RetryStrategyBuilder,
  SchemaIssue,
  SchemaResult,
  Sink,
  Source,
  SourceBuffer,
  StandardSchema,
  Table,
  TableKey,
} from './connector/index.js';
export { IntervalFunctions, RetryStrategies, SinkBuilder, SourceBuilder } from './connector/index.js';
export {
  Engine,
  type EngineOptions,
  type Job,
  type JobEvent,
  type JobLimits,
  type JobMetrics,
  type JobOptions,
  type JobPart,
  type JobPlan,
  type JobRunner,
  type JobStatus,
  type Recovered,
  type RestartOptions,
  type RunnerJobOptions,
  type RunningJob,
  type StoppedEarly,
} from './engine/index.js';
export {
  type ErrorCode,
  type Fault,
  MillraceError,
  type MillraceErrorOptions,
  PermanentError,
  type ToldError,
  TransientError,
} from './errors/index.js';
export type {
  AnswerData,
  Authentication,
  AuthenticationContext,
  AuthenticationExchange,
} from './mqtt/connection/authentication/authentication.js';
export { type ScramCredentials, scramSha256 } from './mqtt/connection/authentication/scram-sha-256.js';
export type { UnknownSessionPolicy } from './mqtt/connection/identity/session-past.js';
export type {
  ConnectOptions,
  Credentials,
  Server,
  UserProperties,
  WillOptions,
} from './mqtt/connection/options/connect-options.js';
export type { OnSessionLoss } from './mqtt/connection/options/on-session-loss.js';
export type { Properties, UserProperty } from './mqtt/protocol/properties.js';
export { QualityOfService } from './mqtt/protocol/quality-of-service.js';
export {
  DeadLetters,
  type DeadLetterTopicOptions,
  type MessageFn,
  type MessageProperties,
  type MqttSinkBuilder,
  type MqttSinkOptions,
  MqttSinks,
  type OfflineOverflow,
  type SinkMessage,
} from './mqtt/sink/index.js';
export {
  type DeduplicateBy,
  type DeduplicationKeyFn,
  type DeduplicationOptions,
  type FilterSteps,
  type MappedMqttSourceOptions,
  type MapToItemFn,
  type MqttSourceBaseOptions,
  type MqttSourceBuilder,
  type MqttSourceOptions,
  MqttSources,
  type MqttTableOptions,
  type OnLowerQos,
  type Qos0Overflow,
  type ReceivedMessage,
  type SchemaMqttSourceOptions,
  type Spread,
  type SpreadFn,
  Subscription,
  type SubscriptionOptions,
} from './mqtt/source/index.js';
export type { NatsAuth, NatsTlsOptions } from './nats/nats-options.js';
export {
  type AggregateBuilder,
  type AggregateOperation,
  AggregateOperations,
  type AggregateStart,
  type AsyncServiceOptions,
  type Entry,
  type KeyedStage,
  type LoadedTableOptions,
  type MapAsyncOptions,
  Pipeline,
  type ReloadableTable,
  type ServiceOptions,
  type SinkStage,
  Sinks,
  type SourceStage,
  type Stage,
  type StageOptions,
  type StateCodec,
  StateCodecs,
  type StateKey,
  type StateOptions,
  type StructuredCloneOptions,
  type TableEntries,
  Tables,
  TestSources,
} from './pipeline/index.js';

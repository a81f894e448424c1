/** What tests of handlers and of the engine need. Uses fast-check. */
export { CountedReferences } from './counted-references';
export {
  type FaultyCallback,
  FaultyHandler,
  type FaultyHandlerOptions,
  MarkedTestFile,
  testFile,
  type TestFile,
} from './faulty.handler';
export { HandleLedger } from './handle-ledger';
export { Journal } from './journal';
export { altered, recordOffset, sessionOffset } from './region-surgery';
export { codeOf, TestHost, type TestHostOptions } from './test-host';
export {
  engineLife,
  engineOperation,
  type EngineOperation,
  type SessionRef,
} from './engine-operations';
export { ModelledHost } from './modelled-host';
export { type ModelLimits, ReferenceModel } from './reference-model';

// DOC: the one rule for text, as pure functions that every program may import, also inside an agent's blackout.
//
// What a person sends is checked (`plainTextFault`) and refused with the field. What a host or a workload says is
// cleaned (`cleanText`, `cleanName`): nothing is lost but the harm. What is shown is escaped (`escapeForDisplay`),
// whatever is in the record.
export { type TextLines } from './harmful-characters';
export { describeThrown, thrownChain } from './describe-thrown';
export { isPlainText, plainTextFault } from './plain-text';
export { cleanName, cleanText, escapeForDisplay, escapeJson } from './clean-text';

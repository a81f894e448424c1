import { capabilitiesFor, RELEASE_KINDS } from '@luofleet/rollout';
import { capabilitiesOf } from './command';

it.each(RELEASE_KINDS)('understands all that an update to a %s asks, and says so', (kind) => {
  expect(capabilitiesOf([kind])).toEqual(expect.arrayContaining([...capabilitiesFor(kind)]));
});

import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { StreamRegistry } from './stream.registry';

/** Commands on their way to the replica that holds their host's stream. */
@Global()
@Module({
  providers: [StreamRegistry, CommandDispatcher],
  exports: [StreamRegistry, CommandDispatcher],
})
export class DeliveryModule {}

import { Global, Module } from '@nestjs/common';
import { CommandDispatcher } from './command.dispatcher';
import { ResultRecorder } from './result.recorder';
import { StreamRegistry } from './stream.registry';

@Global()
@Module({
  providers: [StreamRegistry, CommandDispatcher, ResultRecorder],
  exports: [StreamRegistry, CommandDispatcher, ResultRecorder],
})
export class CommandsModule {}

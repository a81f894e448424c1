import { type DynamicModule, Module } from '@nestjs/common';
import { GrpcModule } from './grpc/grpc.module';
import { OperatorModule } from './operator/operator.module';
import { PersistenceModule } from './persistence/persistence.module';
import { RestModule } from './rest/rest.module';
import { type ControlPlaneSettings } from './settings/control-plane.settings';
import { PlatformModule } from './settings/platform.module';

/** The whole control plane; which parts of it run depends on the role. */
@Module({})
export class AppModule {
  static with(settings: ControlPlaneSettings): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.with(settings),
        PersistenceModule,
        GrpcModule,
        RestModule,
        OperatorModule,
      ],
    };
  }
}

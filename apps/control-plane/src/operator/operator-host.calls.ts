import { Inject, Injectable } from '@nestjs/common';
import {
  decommissionSchema,
  hostsQuerySchema,
  skipHostsSchema,
  unskipHostsSchema,
} from '@luofleet/contracts';
import { HostsReader } from '@luofleet/persistence';
import type {
  DecommissionHostRequest,
  DecommissionHostResponse,
  ListHostsRequest,
  ListHostsResponse,
  RecommissionHostRequest,
  RecommissionHostResponse,
  SkipHostsRequest,
  SkipHostsResponse,
  UnskipHostsRequest,
  UnskipHostsResponse,
} from '@luofleet/proto';
import { HostLifecycle } from '../hosts/host-lifecycle.service';
import { requirementsOf } from '../input/selector.requirements';
import { HostSkips } from '../rollouts/host-skips.service';
import { given, referenceIn } from './given';
import { hostMessage, rolloutMessage } from './operator.views';

/** The calls about hosts, each checked by the schema of its REST counterpart. */
@Injectable()
export class OperatorHostCalls {
  constructor(
    @Inject(HostsReader) private readonly hosts: HostsReader,
    @Inject(HostLifecycle) private readonly lifecycle: HostLifecycle,
    @Inject(HostSkips) private readonly skips: HostSkips,
  ) {}

  async list(request: ListHostsRequest): Promise<ListHostsResponse> {
    const { selector, ...query } = hostsQuerySchema.parse(given(request));
    const slice = await this.hosts.list({ ...query, requirements: requirementsOf(selector) });
    return { hosts: slice.items.map(hostMessage), nextCursor: slice.nextCursor ?? '' };
  }

  async decommission(request: DecommissionHostRequest): Promise<DecommissionHostResponse> {
    const { reason } = decommissionSchema.parse({ reason: request.reason });
    const hostId = await this.lifecycle.decommission(referenceIn(request), reason);
    return { host: hostMessage(await this.hosts.get(hostId)) };
  }

  async recommission(request: RecommissionHostRequest): Promise<RecommissionHostResponse> {
    const hostId = await this.lifecycle.recommission(referenceIn(request));
    return { host: hostMessage(await this.hosts.get(hostId)) };
  }

  async skipHosts({ id, ...request }: SkipHostsRequest): Promise<SkipHostsResponse> {
    const { reason, ...targets } = skipHostsSchema.parse(request);
    const rollout = await this.skips.skip(referenceIn({ id }), targets, reason);
    return { rollout: rolloutMessage(rollout) };
  }

  async unskipHosts({ id, ...request }: UnskipHostsRequest): Promise<UnskipHostsResponse> {
    const { hosts } = unskipHostsSchema.parse(request);
    const rollout = await this.skips.unskip(referenceIn({ id }), hosts);
    return { rollout: rolloutMessage(rollout) };
  }
}

import type { ReactNode } from 'react';
import type { HostResponse } from '@luofleet/contracts';
import { Moment } from '../ui/moment';

/** What the host is and runs. */
export function HostFacts({ host }: { readonly host: HostResponse }) {
  const facts: readonly (readonly [string, ReactNode])[] = [
    ['Release', <Mono key="release" text={host.runningVersion} title={host.runningSha256} />],
    ['Backend', host.backend],
    ['Failure domain', host.failureDomain || '–'],
    ['Last seen', <Moment key="seen" at={host.lastSeenAt} />],
    ['Registered', <Moment key="registered" at={host.registeredAt} />],
    ['Kernel', <Mono key="kernel" text={host.kernelRelease} />],
    ['Agent', <Mono key="agent" text={host.agentVersion} />],
    ['Generation', <Mono key="generation" text={String(host.generation)} />],
    ['Machine id', <Mono key="machine" text={host.machineId} />],
    ['Boot id', <Mono key="boot" text={host.bootId} />],
    ['Incarnation', <Mono key="incarnation" text={host.incarnationId} />],
    [
      'Labels',
      <Labels
        key="labels"
        labels={Object.entries(host.labels).map(([key, value]) => `${key}=${value}`)}
      />,
    ],
    ['Handlers', <Labels key="handlers" labels={host.handlers} />],
  ];
  return (
    <dl className="details">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Mono({ text, title }: { readonly text: string; readonly title?: string }) {
  if (text === '') return <span className="muted">not known</span>;
  return (
    <span className="mono" title={title}>
      {text}
    </span>
  );
}

function Labels({ labels }: { readonly labels: readonly string[] }) {
  if (labels.length === 0) return <span className="muted">none</span>;
  return (
    <span className="labels">
      {labels.map((label) => (
        <code key={label} className="label">
          {label}
        </code>
      ))}
    </span>
  );
}
